import type { TextTerm } from '../item.ts';
import { ANY_MANY, mapText, type Part, type Pattern, pattern } from '../pattern.ts';
import { invalid } from '../refusal.ts';
import { FIELDREF, referring } from './fieldref.ts';
import { type Modifier, mapTerms } from './modifier.ts';

/** Modifiers appendix, "Generic Modifiers" and "String Modifiers": where a text stands in the field, and dashes. */

/** Ways to write the texts of one item that `windash` may make of one value. */
export const WINDASH_ALTERNATIVES_MAX = 625;

const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'];

/** A dash that begins a flag: nothing that belongs to a word before it, and a word after it. */
const FLAG_DASH = /(?<![\p{L}\p{N}_])[-/\u2013\u2014\u2015](?=[\p{L}\p{N}_])/gu;

export type Placement = 'startswith' | 'endswith' | 'contains';

const PLACEMENTS: readonly Placement[] = ['startswith', 'endswith', 'contains'];

function place(parts: Pattern, placement: Placement): Pattern {
  const before: Part[] = placement === 'startswith' ? [] : [ANY_MANY];
  const after: Part[] = placement === 'endswith' ? [] : [ANY_MANY];
  return pattern([...before, ...parts, ...after]);
}

function placing(placement: Placement): Modifier {
  return {
    name: placement,
    forKeywords: placement === 'contains',
    apply(item) {
      const other = PLACEMENTS.find((name) => item.applied.includes(name));
      if (other !== undefined)
        throw invalid(`The modifier "${placement}" contradicts "${other}". Keep one of them.`);
      if (item.comparison.name === FIELDREF) return referring(item, placement);
      return mapTerms(item, placement, (term) => ({
        ...term,
        alternatives: term.alternatives.map((each) => place(each, placement)),
      }));
    },
  };
}

/** A keyword is searched for anywhere in the texts of an event. */
export const CONTAINS = placing('contains');

export const windash: Modifier = {
  name: 'windash',
  forKeywords: true,
  apply: (item) =>
    mapTerms(item, 'windash', (term, index) => {
      const alternatives = term.alternatives.flatMap((each) => withEveryDash(each, index));
      return { ...term, alternatives } satisfies TextTerm;
    }),
};

function withEveryDash(parts: Pattern, index: number): Pattern[] {
  const flags = parts.flatMap((part) =>
    typeof part === 'string' ? [...part.matchAll(FLAG_DASH)] : [],
  ).length;
  const count = DASHES.length ** flags;
  if (count > WINDASH_ALTERNATIVES_MAX) {
    throw invalid(
      `The modifier "windash" makes ${count} texts of this value; at most ${WINDASH_ALTERNATIVES_MAX} are possible. Split the value.`,
      index,
    );
  }
  return Array.from({ length: count }, (_, variant) => {
    let rest = variant;
    return mapText(parts, (text) =>
      text.replace(FLAG_DASH, () => {
        const dash = DASHES[rest % DASHES.length]!;
        rest = Math.floor(rest / DASHES.length);
        return dash;
      }),
    );
  });
}

export const TEXT: readonly Modifier[] = [placing('startswith'), placing('endswith'), CONTAINS, windash];
