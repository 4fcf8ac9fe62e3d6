import { at, isObject, listOf, stringOf } from '../../decode/json.ts';
import { canonical, same, shown } from '../canonical.ts';
import { failurePolicy, matchPolicy, timeoutSeconds } from '../common-fields.ts';
import { matchConditions } from '../expressions.ts';
import { fields, harmless, namedList } from '../fields.ts';
import { type Compare, changed, type Finding, mutating } from '../finding.ts';
import { resourceRules, selector } from '../reach.ts';

/** Where requests are sent: a URL, or a Service of the cluster. */
export function addressOf(clientConfig: unknown): string {
  const url = stringOf(at(clientConfig, 'url'));
  if (url !== undefined) return url;
  const service = at(clientConfig, 'service');
  if (service === undefined) return 'none';
  const part = (name: string) => stringOf(at(service, name)) ?? '';
  const port = at(service, 'port') ?? 443;
  return `service ${part('namespace')}/${part('name')}:${shown(port)}${part('path')}`;
}

/** Who answers in the webhook's place decides for it; who holds the key of another certificate can answer in its place. */
const clientConfig: Compare = (before, after, place) => {
  const findings: Finding[] = [];
  const [was, is] = [addressOf(before), addressOf(after)];
  if (was !== is) {
    findings.push({
      effect: 'weakened',
      change: 'address-changed',
      reason: changed(place, 'address', was, is),
    });
  }
  if (!same(at(before, 'caBundle'), at(after, 'caBundle'))) {
    findings.push({
      effect: 'neutral',
      change: 'ca-changed',
      reason: `${place.subject}caBundle was replaced`,
    });
  }
  return findings;
};

const webhook = fields({
  clientConfig,
  rules: resourceRules('rules'),
  failurePolicy,
  matchPolicy,
  timeoutSeconds,
  namespaceSelector: selector('namespaceSelector'),
  objectSelector: selector('objectSelector'),
  matchConditions,
  sideEffects: harmless,
  admissionReviewVersions: harmless,
  reinvocationPolicy: harmless,
});

const each = namedList(
  {
    noun: 'webhook',
    added: ['strengthened', 'webhook-added'],
    removed: ['weakened', 'webhook-removed'],
  },
  webhook,
);

/** A webhook under another name is the same one: webhooks as they were, under the names that those have now which say the same. */
function renamed(before: unknown, after: unknown): readonly unknown[] {
  const names = new Set(listOf(before).map((one) => at(one, 'name')));
  const come = Map.groupBy(
    listOf(after).filter((one) => isObject(one) && !names.has(one.name)),
    unnamed,
  );
  return listOf(before).map((one) => come.get(unnamed(one))?.pop() ?? one);
}

/** What a webhook says but for its name, as a text. */
function unnamed(webhook: unknown): string {
  return canonical(isObject(webhook) ? { ...webhook, name: undefined } : webhook);
}

const webhooks: Compare = (before, after, place) => {
  if (listOf(after).length > 0) return each(renamed(before, after), after, place);
  return [{ effect: 'weakened', change: 'webhooks-emptied', reason: 'all webhooks were removed' }];
};

/** ValidatingWebhookConfiguration of admissionregistration.k8s.io. */
export const validatingWebhookConfiguration = fields({ webhooks });

/** MutatingWebhookConfiguration of admissionregistration.k8s.io. */
export const mutatingWebhookConfiguration = mutating(validatingWebhookConfiguration);
