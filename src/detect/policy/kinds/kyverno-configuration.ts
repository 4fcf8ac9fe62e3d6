import { patternCovers } from '../../../record/pattern.ts';
import { stringOf } from '../../decode/json.ts';
import { canonical } from '../canonical.ts';
import { matchConditions } from '../expressions.ts';
import { type Extent, extentOf, unionExtent } from '../extent.ts';
import { fields, harmless, unjudged } from '../fields.ts';
import type { Compare } from '../finding.ts';
import { selectorCovers } from '../label-selector.ts';
import { exemption, patternsExtent, reach } from '../reach.ts';

/** `[Event,*,*][*,kube-system,*]`: kind, namespace and name of what no policy sees; what is left out is `*`. */
export function resourceFilters(text: unknown): (readonly [kind: string, namespace: string, name: string])[] {
  return [...(stringOf(text) ?? '').matchAll(/\[([^\]]*)\]/g)].map(([, parts = '']) => {
    const [kind, namespace = '*', name = '*'] = parts.split(',').map((part) => part.trim());
    return [kind || '*', namespace || '*', name || '*'] as const;
  });
}

function filtersExtent(before: unknown, after: unknown): Extent {
  return unionExtent(resourceFilters(before), resourceFilters(after), (whole, part) =>
    whole.every((pattern, index) => patternCovers(pattern, part[index]!)),
  );
}

function listOfText(text: unknown): string[] {
  return (stringOf(text) ?? '').split(/[,\n]/).flatMap((part) => part.trim() || []);
}

/** Users, groups and roles whose requests no policy sees. */
const excluded = (noun: string) =>
  exemption(noun, (before, after) => patternsExtent(listOfText(before), listOfText(after)));

/** Selectors that Kyverno puts on its webhooks: one object, or a list of which the first counts. */
function webhookSelectors(text: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(stringOf(text) ?? '{}');
    const one: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    return typeof one === 'object' && one !== null ? (one as Record<string, unknown>) : {};
  } catch {
    return undefined; // written by hand, and not JSON
  }
}

function webhooksExtent(before: unknown, after: unknown): Extent {
  const [was, is] = [webhookSelectors(before), webhookSelectors(after)];
  if (!was || !is) return 'unclear';
  if (canonical(was) === canonical(is)) return 'equal';
  const covers = (whole: typeof was, part: typeof was) =>
    ['namespaceSelector', 'objectSelector'].every((key) => selectorCovers(whole[key], part[key]));
  return extentOf(!covers(is, was), !covers(was, is));
}

/** Conditions that Kyverno puts on its webhooks, as JSON. */
const conditionsText: Compare = (before, after, place) => {
  const [was, is] = [listIn(before), listIn(after)];
  if (was && is) return matchConditions(was, is, place);
  return unjudged('matchConditions', 'match-conditions-changed')(before, after, place);
};

function listIn(text: unknown): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(stringOf(text) || '[]');
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined; // written by hand, and not JSON
  }
}

/** Kyverno's own ConfigMap (kyverno.io/docs/installation/customization): what no policy sees, whatever the policies say. */
export const kyvernoConfiguration = fields({
  data: fields({
    resourceFilters: exemption('resourceFilters', filtersExtent),
    excludeGroups: excluded('excludeGroups'),
    excludeUsernames: excluded('excludeUsernames'),
    excludeRoles: excluded('excludeRoles'),
    excludeClusterRoles: excluded('excludeClusterRoles'),
    webhooks: reach(
      { noun: 'webhooks', narrowed: 'selector-narrowed', widened: 'selector-widened' },
      webhooksExtent,
    ),
    matchConditions: conditionsText,
    generateSuccessEvents: harmless,
    successEventActions: harmless,
    updateRequestThreshold: harmless,
    webhookAnnotations: harmless,
    webhookLabels: harmless,
    defaultRegistry: unjudged('defaultRegistry'),
  }),
});
