import { patternCovers } from '../../../record/pattern.ts';
import { listOf, member, stringOf, stringsOf } from '../../decode/json.ts';
import { ACTION_WORDS } from '../common-fields.ts';
import { type Extent, unionExtent } from '../extent.ts';
import { fields, harmless, ordered, unjudged } from '../fields.ts';
import type { Compare } from '../finding.ts';
import { parameters } from '../parameters.ts';
import { exemption, matching, openPatternsExtent, patternsExtent, selector } from '../reach.ts';

/** What an object of another kind is told apart by. */
interface Kind {
  readonly group: string;
  readonly kind: string;
}

const EVERY_KIND: Kind = { group: '*', kind: '*' };

function* kindsOf(list: unknown): Iterable<Kind> {
  let isEmpty = true;
  for (const one of listOf(list)) {
    const kinds = stringsOf(member(one, 'kinds'));
    for (const group of stringsOf(member(one, 'apiGroups')))
      for (const kind of kinds) {
        isEmpty = false;
        yield { group, kind };
      }
  }
  if (isEmpty) yield EVERY_KIND;
}

/** Kinds that are named to people. */
const TOLD_MAX = 100;

function kindsExtent(before: unknown, after: unknown): Extent {
  return unionExtent(
    kindsOf(before),
    kindsOf(after),
    (whole, part) => patternCovers(whole.group, part.group) && patternCovers(whole.kind, part.kind),
  );
}

function openText(list: unknown): string {
  return stringsOf(list).join() || 'all';
}

/** A field of which an absent value and one that stands for all mean the same. */
function choice(noun: string, all: string): Compare {
  const extentOf = (before: unknown, after: unknown) => {
    const open = (value: unknown) => {
      const one = stringOf(value) ?? all;
      return [one === all ? '*' : one];
    };
    return patternsExtent(open(before), open(after));
  };
  return matching(noun, extentOf, (value) => stringOf(value) ?? all);
}

/** `spec.match` (github.com/open-policy-agent/gatekeeper/pkg/mutation/match): which objects a constraint or a mutator is for. */
export const match = fields({
  kinds: matching('kinds', kindsExtent, (list) =>
    listOf(list).length === 0
      ? 'all'
      : Iterator.from(kindsOf(list))
          .take(TOLD_MAX)
          .map(({ kind }) => kind)
          .toArray()
          .join(),
  ),
  namespaces: matching('namespaces', openPatternsExtent, openText),
  excludedNamespaces: exemption(
    'excludedNamespaces',
    patternsExtent,
    (list) => stringsOf(list).join() || 'none',
  ),
  labelSelector: selector('labelSelector'),
  namespaceSelector: selector('namespaceSelector'),
  scope: choice('scope', '*'),
  name: choice('name', '*'),
  source: choice('source', 'All'),
});

const ACTIONS = ['dryrun', 'warn', 'deny'];

/** Gatekeeper's webhook among the points at which a scoped action is carried out. */
const WEBHOOK = 'validation.gatekeeper.sh';

/** What the webhook does about a violation. */
export function webhookAction(spec: unknown): string {
  const action = stringOf(member(spec, 'enforcementAction')) ?? 'deny';
  if (action !== 'scoped') return action;
  const actions = listOf(member(spec, 'scopedEnforcementActions'))
    .filter((scoped) =>
      listOf(member(scoped, 'enforcementPoints')).some((point) =>
        [WEBHOOK, '*'].includes(stringOf(member(point, 'name')) ?? ''),
      ),
    )
    .map((scoped) => stringOf(member(scoped, 'action')) ?? '');
  return ACTIONS.findLast((one) => actions.includes(one)) ?? 'none';
}

const spec: Compare = (before, after, place) => {
  const [was, is] = [webhookAction(before), webhookAction(after)];
  const findings = ordered('enforcementAction', ['none', ...ACTIONS], 'deny', ACTION_WORDS)(was, is, place);
  // What else is scoped, for example audits, is only asked where the webhook does the same as before.
  const table = was === is ? { ...others, scopedEnforcementActions } : others;
  return [...findings, ...fields(table)(before, after, place)];
};

const scopedEnforcementActions = unjudged('scopedEnforcementActions');

const others = {
  enforcementAction: harmless, // told by what the webhook does
  scopedEnforcementActions: harmless,
  match,
  parameters,
};

/** A constraint of constraints.gatekeeper.sh, whatever its template. */
export const gatekeeperConstraint = fields({ spec });
