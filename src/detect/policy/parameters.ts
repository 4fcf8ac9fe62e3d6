import { isObject, listOf, member } from '../decode/json.ts';
import { listed, same, shown, without } from './canonical.ts';
import { keysOf } from './fields.ts';
import { type Compare, changed, type Finding, type Place } from './finding.ts';

/** Nesting of parameters that is followed by name. */
const DEPTH_MAX = 8;

/** Names of parameters whose every element allows something more, in the libraries of Gatekeeper and Kubewarden and by common sense. */
const ALLOWING = /^(?:exempt|allow|except|exclu|ignore|skip|permit|trust|safe|repos?$|registries$)/i;

/** Names of parameters whose every element forbids or demands something more. */
const DEMANDING = /^(?:require|mandatory|must|forbid|disallow|deny|denied|block|reject|restrict|drop)/i;

/**
 * Parameters of a constraint and settings of a policy, whose meaning only their template knows: what their names say is judged, the rest is for
 * a person.
 */
export const parameters: Compare = (before, after, place) => compareAt('', '', 0, before, after, place);

function compareAt(
  path: string,
  meaning: string,
  depth: number,
  before: unknown,
  after: unknown,
  place: Place,
): readonly Finding[] {
  if (same(before, after)) return [];
  if ((isObject(before) || isObject(after)) && depth < DEPTH_MAX) {
    return keysOf(before, after).flatMap((key) => {
      const below = path === '' ? key : `${path}.${key}`;
      const named = ALLOWING.test(key) || DEMANDING.test(key) ? key : meaning;
      return compareAt(below, named, depth + 1, member(before, key), member(after, key), place);
    });
  }
  return [judged(path, meaning, before, after, place)];
}

function judged(path: string, meaning: string, before: unknown, after: unknown, place: Place): Finding {
  const noun = `parameter ${path}`;
  const [gone, come] = [without(listOf(before), listOf(after)), without(listOf(after), listOf(before))];
  const lists = [before, after].some(Array.isArray);
  const reason = lists
    ? `${place.subject}${noun}: ${[told('without', gone), told('with', come)].filter((part) => part !== '').join(', ')}`
    : changed(place, noun, shown(before), shown(after));
  const more = come.length > 0 || (!lists && after === true);
  const less = gone.length > 0 || (!lists && before === true);
  if (more !== less && ALLOWING.test(meaning)) {
    return more
      ? { effect: 'weakened', change: 'exemption-added', reason }
      : { effect: 'strengthened', change: 'exemption-removed', reason };
  }
  if (more !== less && DEMANDING.test(meaning)) {
    return less
      ? { effect: 'weakened', change: 'demand-removed', reason }
      : { effect: 'strengthened', change: 'demand-added', reason };
  }
  return { effect: 'unclear', change: 'parameters-changed', reason };
}

function told(word: string, elements: readonly unknown[]): string {
  return elements.length === 0 ? '' : `${word} ${listed(elements.map(shown))}`;
}
