import { byValue, type Comparison, type TextTerm, type ValueTest } from '../item.ts';
import { NetworkSet, parseNetwork } from '../networks.ts';
import { invalid } from '../refusal.ts';
import { type Modifier, withComparison } from './modifier.ts';

/** Modifiers appendix, "IP (Internet Protocol) Modifiers". */

/** Throws a `Refusal` for what is not a network. */
function inNetworks(terms: readonly TextTerm[], indexOf: (term: TextTerm) => number): ValueTest {
  const networks = new NetworkSet(
    terms.flatMap((term) =>
      term.texts.map((text) => {
        const network = parseNetwork(text);
        if (network) return network;
        throw invalid(
          `Expected a network such as 10.0.0.0/8 or 2001:db8::/32, found "${text}".`,
          indexOf(term),
        );
      }),
    ),
  );
  return (value) => typeof value === 'string' && networks.has(value);
}

const CIDR: Comparison = {
  name: 'cidr',
  caseMatters: false,
  compile: (item) =>
    byValue(item, (terms) => inNetworks(terms as TextTerm[], (term) => item.terms.indexOf(term))),
};

const cidr: Modifier = {
  name: 'cidr',
  forKeywords: false,
  apply(item) {
    item.terms.forEach((term, index) => {
      if (term.kind !== 'text')
        throw invalid('The modifier "cidr" expects a network such as 10.0.0.0/8.', index);
    });
    return withComparison(item, CIDR);
  },
};

export const NETWORK: readonly Modifier[] = [cidr];
