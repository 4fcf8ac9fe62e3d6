import { RE2JS } from 're2js';
import { anyOf, byValue, type Comparison, type TextTerm, type ValueTest } from '../item.ts';
import { invalid, Refusal } from '../refusal.ts';
import { textOf } from '../value.ts';
import { type Modifier, withComparison } from './modifier.ts';

/** Modifiers appendix, "Regular Expression". Rules are untrusted input, so the engine is one that takes time in proportion to the text. */

/** Length of a regular expression, in UTF-16 code units. */
export const REGEX_CHARACTERS_MAX = 1024;

/** Instructions that a regular expression may compile to. What it costs is this times the length of the text, at worst. */
export const REGEX_INSTRUCTIONS_MAX = 1000;

/** Regular expressions that placeholders may make of one value: each is run on its own. */
export const REGEXES_PER_VALUE_MAX = 200;

interface RegexComparison extends Comparison {
  readonly flags: number;
}

function isRegex(comparison: Comparison): comparison is RegexComparison {
  return comparison.name === 're';
}

function regex(flags: number): RegexComparison {
  return {
    name: 're',
    caseMatters: false,
    flags,
    compile: (item) =>
      byValue(item, (terms) =>
        anyOf(terms.flatMap((term) => searching(term as TextTerm, flags, item.terms.indexOf(term)))),
      ),
  };
}

function searching({ texts }: TextTerm, flags: number, index: number): ValueTest[] {
  if (texts.length > REGEXES_PER_VALUE_MAX) {
    throw invalid(
      `Placeholders make ${texts.length} regular expressions of this value; at most ${REGEXES_PER_VALUE_MAX} are possible.`,
      index,
    );
  }
  return texts.map((source) => {
    const expression = compileRegex(source, flags, index);
    return (value) => {
      const text = textOf(value);
      return text !== undefined && expression.test(text);
    };
  });
}

/** Throws a `Refusal` that says what is wrong with the expression. */
export function compileRegex(source: string, flags: number, index = 0): RE2JS {
  const refuse = (why: string) => new Refusal('RULE_REGEX_INVALID', why, index);
  if (source.length > REGEX_CHARACTERS_MAX) {
    throw refuse(
      `The regular expression has ${source.length} characters; at most ${REGEX_CHARACTERS_MAX} are possible.`,
    );
  }
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(source, flags);
  } catch (error) {
    throw refuse(`${error instanceof Error ? error.message : String(error)}.`);
  }
  const instructions = expression.programSize();
  if (instructions > REGEX_INSTRUCTIONS_MAX) {
    throw refuse(
      `The regular expression compiles to ${instructions} instructions; at most ${REGEX_INSTRUCTIONS_MAX} are possible. Lower its repetition counts.`,
    );
  }
  return expression;
}

const re: Modifier = {
  name: 're',
  forKeywords: true,
  apply(item) {
    item.terms.forEach((term, index) => {
      if (term.kind !== 'text')
        throw invalid('The modifier "re" expects a string. Put it in quotation marks.', index);
    });
    return withComparison(item, regex(0));
  },
};

function flag(name: string, bit: number): Modifier {
  return {
    name,
    forKeywords: true,
    apply(item) {
      if (!isRegex(item.comparison))
        throw invalid(`The modifier "${name}" belongs to "re" and must follow it.`);
      return { ...item, comparison: regex(item.comparison.flags | bit) };
    },
  };
}

export const REGEX: readonly Modifier[] = [
  re,
  flag('i', RE2JS.CASE_INSENSITIVE),
  flag('m', RE2JS.MULTILINE),
  flag('s', RE2JS.DOTALL),
];
