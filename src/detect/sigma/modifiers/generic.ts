import { compileExists } from '../event.ts';
import type { Comparison } from '../item.ts';
import { invalid } from '../refusal.ts';
import { type Modifier, withComparison } from './modifier.ts';

/** Modifiers appendix, "Generic Modifiers": those that change how the values of an item work together. */

const all: Modifier = {
  name: 'all',
  forKeywords: true,
  apply(item) {
    if (item.terms.length < 2) {
      throw invalid(
        'The modifier "all" links the values of a list; expected at least two, found one. Leave it out.',
      );
    }
    return { ...item, linking: 'and' };
  },
};

const cased: Modifier = {
  name: 'cased',
  forKeywords: true,
  apply: (item) => ({ ...item, cased: true }),
};

/** Not equal: no value of the field meets the values of the item, so a field that is absent differs from them too. */
const neq: Modifier = {
  name: 'neq',
  forKeywords: true,
  apply: (item) => ({ ...item, negated: true }),
};

const EXISTS: Comparison = {
  name: 'exists',
  caseMatters: false,
  compile(item) {
    const exists = compileExists(item.field);
    const [term] = item.terms;
    return term?.kind === 'boolean' && term.value ? exists : (event) => !exists(event);
  },
};

const exists: Modifier = {
  name: 'exists',
  forKeywords: false,
  apply(item) {
    if (item.terms.length !== 1 || item.terms[0]?.kind !== 'boolean') {
      throw invalid('The modifier "exists" expects one value, true or false.', 0);
    }
    return withComparison(item, EXISTS);
  },
};

export const GENERIC: readonly Modifier[] = [all, cased, neq, exists];
