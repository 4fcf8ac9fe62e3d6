import { BlockList, isIP } from 'node:net';
import { anyOf, byValue, type Comparison, type TextTerm, type ValueTest } from '../item.ts';
import { invalid } from '../refusal.ts';
import { type Modifier, withComparison } from './modifier.ts';

/** Modifiers appendix, "IP (Internet Protocol) Modifiers". */

const CIDR_FORM = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/;

const BITS = { 4: 32, 6: 128 } as const;

/** Longest text that can be an address with a zone; longer ones are not looked at. */
const ADDRESS_CHARACTERS_MAX = 64;

function familyOf(address: string): 4 | 6 | undefined {
  const family = isIP(address);
  return family === 4 || family === 6 ? family : undefined;
}

/** Throws a `Refusal` for what is not a network. */
function inNetwork(source: string, index: number): ValueTest {
  const [, address = '', bits] = CIDR_FORM.exec(source) ?? [];
  const family = familyOf(address);
  const prefix = bits === undefined && family ? BITS[family] : Number(bits);
  if (!family || prefix > BITS[family]) {
    throw invalid(`Expected a network such as 10.0.0.0/8 or 2001:db8::/32, found "${source}".`, index);
  }
  const network = new BlockList();
  network.addSubnet(address, prefix, `ipv${family}`);
  return (value) => {
    if (typeof value !== 'string' || value.length > ADDRESS_CHARACTERS_MAX) return false;
    const [candidate = ''] = value.split('%', 1);
    const itsFamily = familyOf(candidate);
    return itsFamily !== undefined && network.check(candidate, `ipv${itsFamily}`);
  };
}

const CIDR: Comparison = {
  name: 'cidr',
  caseMatters: false,
  compile: (item) =>
    byValue(item, (terms) =>
      anyOf(terms.map((term) => inNetwork((term as TextTerm).source, item.terms.indexOf(term)))),
    ),
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
