import { type EpisodeFinder, unsettled } from '../../../src/correlate/episodes.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { SECOND, signalAt } from './support.ts';

/** `a1 b3`: a match of rule a at second 1, of rule b at second 3; `a1:x` with the value x. */
export function signalsOf(text: string): Signal[] {
  return text.split(' ').flatMap((word, index) => {
    const [, rule, seconds, value] = /^([a-z])(\d+)(?::(\S+))?$/.exec(word) ?? [];
    const fields = { id: `${index}`, rule: rule!, ...(value ? { values: { user: value } } : {}) };
    return rule ? [signalAt(Number(seconds), fields)] : [];
  });
}

const secondsOf = (time: number) => time / SECOND - signalAt(0).time! / SECOND;

/** The alerts of signals: their matches, `=` what they count, `<` the second up to which they reach. */
export function found(find: EpisodeFinder, signals: readonly Signal[]): string {
  return find(unsettled(signals))
    .map(
      ({ signals: members, count, until }) =>
        `${members.map(({ rule, time }) => `${rule}${secondsOf(time!)}`).join(' ')} =${count} <${secondsOf(until)}`,
    )
    .join(' | ');
}
