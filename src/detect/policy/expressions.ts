import { listOf } from '../decode/json.ts';
import { listed, shown } from './canonical.ts';
import { alwaysOf } from './cel.ts';
import { conditionsChange, expressionOf } from './conditions.ts';
import type { Compare } from './finding.ts';
import { EXTENT_EFFECTS } from './reach.ts';

/** Conditions all of which must be true before anything is checked. */
export const matchConditions: Compare = (before, after, place) => {
  const { extent, never } = conditionsChange(before, after, false);
  const added = without(after, before);
  const effect = EXTENT_EFFECTS[extent];
  const words: Readonly<Record<string, [change: string, verb: string]>> = {
    weakened: ['match-conditions-added', never ? 'is never true' : 'was added'],
    strengthened: ['match-conditions-removed', 'was removed'],
    unclear: ['match-conditions-changed', 'was changed'],
  };
  const [change, verb] = words[effect] ?? [];
  if (change === undefined) return [];
  const told = effect === 'strengthened' ? without(before, after) : added;
  return [{ effect, change, reason: `${place.subject}match condition ${expressions(told)} ${verb}` }];
};

/** Expressions all of which must be true of what is admitted. */
export const validations: Compare = (before, after, place) => {
  const { extent, always, restricts } = conditionsChange(before, after, true);
  const { subject } = place;
  const left = listOf(after).length;
  if (always && (extent === 'wider' || (!restricts && !place.formerSeen))) {
    const come = without(after, before);
    const isKnown = come.some((one) => alwaysOf(expressionOf(one)) === true);
    const reason = `${subject}validation ${expressions(come)} ${isKnown ? 'is always true' : 'looks at nothing'}`;
    return [{ effect: 'weakened', change: 'always-true', reason }];
  }
  const [added, removed] = [expressions(without(after, before)), expressions(without(before, after))];
  switch (extent) {
    case 'wider': {
      const text = added === '' ? `${removed} was removed` : `${removed} was loosened to ${added}`;
      const reason = left === 0 ? 'no validation is left' : `validation ${text}`;
      const change = added === '' ? 'validations-removed' : 'validations-loosened';
      return [{ effect: 'weakened', change, reason: subject + reason }];
    }
    case 'narrower':
      return [
        {
          effect: 'strengthened',
          change: 'validations-added',
          reason: `${subject}validation ${added} was added or tightened`,
        },
      ];
    case 'equal':
      return [];
    default:
      return [
        {
          effect: 'unclear',
          change: 'validations-changed',
          reason: `${subject}validation ${added || removed} was changed`,
        },
      ];
  }
};

/** Elements of the first list that the second one has not. */
function without(list: unknown, other: unknown): readonly unknown[] {
  const known = new Set(listOf(other).map((element) => expressionOf(element)));
  return listOf(list).filter((element) => !known.has(expressionOf(element)));
}

function expressions(list: readonly unknown[]): string {
  return listed(list.map((element) => `"${shown(expressionOf(element))}"`));
}
