import type { TextTerm } from '../item.ts';
import type { Lists } from '../model.ts';
import { type Pattern, parsePattern, pattern } from '../pattern.ts';
import { invalid, Refusal } from '../refusal.ts';
import { suggestion } from '../suggest.ts';
import type { Modifier } from './modifier.ts';

/** Values that the placeholders of one text may make together. */
export const EXPANSIONS_MAX = 500_000;

/** What a text with placeholders consists of: an escaped backslash or percent sign, a placeholder, and anything between. */
const TOKEN = /\\\\|\\%|%(\w+)%/g;

/** One way to write a part of a text: as it stands, and its wildcards read. */
interface Choice {
  readonly text: string;
  readonly parts: Pattern;
}

const choice = (text: string): Choice => ({ text, parts: parsePattern(text) });

/**
 * Modifiers appendix, "Specific Modifiers": each placeholder `%name%` stands for the values of a list, any of which may
 * match; several multiply. `\%` is a plain percent sign.
 */
export const expand: Modifier = {
  name: 'expand',
  forKeywords: true,
  apply(item) {
    const emptyLists = new Set(item.emptyLists);
    const terms = item.terms.map((term, index) =>
      term.kind === 'text' ? expanded(term, index, item.lists, emptyLists) : term,
    );
    return { ...item, terms, emptyLists: [...emptyLists] };
  },
};

function expanded(term: TextTerm, index: number, lists: Lists, emptyLists: Set<string>): TextTerm {
  const segments: (readonly Choice[])[] = [];
  let at = 0;
  let plain = '';
  for (const { 0: token, 1: name, index: begin } of term.source.matchAll(TOKEN)) {
    plain += term.source.slice(at, begin);
    at = begin + token.length;
    if (name === undefined) plain += token === '\\%' ? '%' : token;
    else {
      segments.push([choice(plain)], valuesOf(name, index, lists, emptyLists).map(choice));
      plain = '';
    }
  }
  segments.push([choice(plain + term.source.slice(at))]);
  const choices = product(segments, index);
  return { ...term, texts: choices.map(({ text }) => text), alternatives: choices.map(({ parts }) => parts) };
}

function valuesOf(name: string, index: number, lists: Lists, emptyLists: Set<string>): readonly string[] {
  const values = lists.get(name);
  if (!values) {
    throw new Refusal(
      'RULE_LIST_UNKNOWN',
      `There is no list "${name}" for the placeholder "%${name}%".${suggestion(name, lists.keys())}`,
      index,
    );
  }
  if (values.length === 0) emptyLists.add(name);
  return values;
}

/** The wildcards of two parts are read apart: a list's value that ends in a backslash escapes nothing of what follows it. */
function joined(first: Choice, second: Choice): Choice {
  return { text: first.text + second.text, parts: pattern([...first.parts, ...second.parts]) };
}

/** Every way to choose one of each. */
function product(segments: readonly (readonly Choice[])[], index: number): readonly Choice[] {
  const count = segments.reduce((all, { length }) => all * length, 1);
  if (count > EXPANSIONS_MAX) {
    throw invalid(
      `The placeholders make ${count} values of this text; at most ${EXPANSIONS_MAX} are possible.`,
      index,
    );
  }
  return segments.reduce((before, choices) =>
    before.flatMap((first) => choices.map((second) => joined(first, second))),
  );
}
