import { patternCovers } from '../../record/pattern.ts';
import type { PolicyEffect } from '../../record/signal.ts';
import { listOf, stringsOf } from '../decode/json.ts';
import { canonical, listed, shown } from './canonical.ts';
import { type Extent, unionExtent } from './extent.ts';
import { kebab, unjudged } from './fields.ts';
import { type Compare, changed, type Finding, opposite } from './finding.ts';
import { selectorExtent, selectorText } from './label-selector.ts';
import { rulesChange } from './resource-rules.ts';

/** How a change of what something reaches is told, and whether less reach is less protection or, of an exemption, more. */
interface Reach {
  readonly noun: string;
  readonly narrowed: string;
  readonly widened: string;
  readonly exempts?: boolean;
}

/** What a change of what is checked does to protection. */
export const EXTENT_EFFECTS: Readonly<Record<Extent, PolicyEffect>> = {
  equal: 'neutral',
  narrower: 'weakened',
  // What it did reach it reaches no more; that it reaches something else makes no difference to that.
  different: 'weakened',
  wider: 'strengthened',
  unclear: 'unclear',
};

/** What is checked, or exempt, by a field whose extent can be compared. */
export function reach(
  { noun, narrowed, widened, exempts = false }: Reach,
  extentOf: (before: unknown, after: unknown) => Extent,
  text: (value: unknown) => string = shown,
): Compare {
  return (before, after, place) => {
    const extent = extentOf(before, after);
    if (extent === 'equal') return [];
    // An exemption that reaches something else exempts something new.
    const outward = extent === 'wider' || (exempts && extent === 'different');
    const effect = exempts ? opposite(EXTENT_EFFECTS[outward ? 'wider' : extent]) : EXTENT_EFFECTS[extent];
    const change = effect === 'unclear' ? `${kebab(noun)}-changed` : outward ? widened : narrowed;
    return [{ effect, change, reason: changed(place, noun, text(before), text(after)) }];
  };
}

/** A label selector on namespaces or objects. */
export function selector(noun: string): Compare {
  const words = { noun, narrowed: 'selector-narrowed', widened: 'selector-widened' };
  return reach(words, selectorExtent, selectorText);
}

/** What something is for. */
export function matching(
  noun: string,
  extentOf: (before: unknown, after: unknown) => Extent,
  text?: (value: unknown) => string,
): Compare {
  return reach({ noun, narrowed: 'match-narrowed', widened: 'match-widened' }, extentOf, text);
}

/** Words of what reaches further into exemption, and back. */
const EXEMPTION = { narrowed: 'exemption-removed', widened: 'exemption-added', exempts: true };

/** What is left out of a check. */
export function exemption(
  noun: string,
  extentOf: (before: unknown, after: unknown) => Extent,
  text?: (value: unknown) => string,
): Compare {
  return reach({ noun, ...EXEMPTION }, extentOf, text);
}

/** Lists of texts with `*` in them, each of which matches what any of its elements does. */
export function patternsExtent(before: unknown, after: unknown): Extent {
  return unionExtent(stringsOf(before, PATTERNS_MAX), stringsOf(after, PATTERNS_MAX), patternCovers);
}

const PATTERNS_MAX = 1000;

/** The same of lists of which an empty one matches everything. */
export function openPatternsExtent(before: unknown, after: unknown): Extent {
  const open = (list: unknown) => (listOf(list).length > 0 ? list : ['*']);
  return patternsExtent(open(before), open(after));
}

/** Of two lists without order: whether elements have gone or come. */
export function elementsExtent(before: unknown, after: unknown): Extent {
  const texts = (list: unknown) => listOf(list).map((element) => canonical(element));
  return unionExtent(texts(before), texts(after), (a, b) => a === b);
}

/** A list of rules that say which requests are matched, and by `exempts` that they are left out. */
export function resourceRules(noun: string, exempts = false): Compare {
  return (before, after, place) => {
    const change = rulesChange(before, after);
    if (!change) return unjudged(noun)(before, after, place);
    const findings: Finding[] = [];
    const add = (effect: PolicyEffect, word: string, verb: string, requests: readonly string[]) => {
      if (requests.length === 0) return;
      const reason = `${place.subject}${noun} ${verb} ${listed(requests)}`;
      findings.push({ effect: exempts ? opposite(effect) : effect, change: word, reason });
    };
    add('weakened', exempts ? 'exemption-removed' : 'rules-narrowed', 'no longer cover', change.lost);
    add('strengthened', exempts ? 'exemption-added' : 'rules-widened', 'now also cover', change.gained);
    if (change.reversioned) {
      const reason = `${place.subject}${noun} cover other API versions than before`;
      findings.push({ effect: 'unclear', change: 'api-versions-changed', reason });
    }
    return findings;
  };
}
