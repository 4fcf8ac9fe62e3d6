import type { Episode } from '../../../src/correlate/episodes.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { SECOND } from '../../unit/correlate/support.ts';
import { type PlainRule, RULES } from './rules.ts';

/** A match of a rule, or a moment at which a correlation holds. */
interface Match {
  readonly rule: string;
  readonly time: number;
  readonly id: string;
  readonly values: Readonly<Record<string, string>> | undefined;
  readonly counts: boolean;
  readonly evidence: readonly Signal[];
}

const isEarlier = (a: Match, b: Match) =>
  a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.rule < b.rule ? -1 : 1);

/** The definitions, word by word, without a thought of cost: every window of the whole history, looked through from its beginning. */
export function plainAlerts(target: string, signals: readonly Signal[]): Episode[] {
  const rule = RULES[target];
  return rule ? alerts(rule, matchesOf(rule, signals, 0)) : repeats(signals);
}

function repeats(signals: readonly Signal[]): Episode[] {
  const [first] = signals;
  if (!first) return [];
  const until = first.time! + 8 * SECOND;
  const members = signals.filter(({ time }) => time! <= until);
  return [
    { beginning: first, signals: members, count: members.length, until },
    ...repeats(signals.slice(members.length)),
  ];
}

function matchesOf(rule: PlainRule, signals: readonly Signal[], depth: number): Match[] {
  const valuesOf = (signal: Signal) => (depth === 0 ? signal.values : signal.through![depth - 1]!.values);
  const direct = signals
    .filter(({ through }) => !through?.[depth])
    .map((signal) => ({
      rule: signal.rule,
      time: signal.time!,
      id: signal.id,
      values: valuesOf(signal),
      counts: true,
      evidence: [signal],
    }));
  const inner = rule.rules
    .filter((id) => RULES[id])
    .flatMap((id) => {
      const through = signals.filter((signal) => signal.through?.[depth]?.correlation === id);
      const groups = Map.groupBy(through, (signal) => signal.through![depth]!.group.join());
      return [...groups.values()].flatMap((group) => {
        const matches = matchesOf(RULES[id]!, group, depth + 1);
        const holdsAt = (time: number) => holds(RULES[id]!, windowOf(RULES[id]!, matches, time));
        const times = timesOf(matches).filter(holdsAt);
        return times.map((time): Match => {
          const last = matches.findLast((match) => match.time === time)!;
          const signal = last.evidence.findLast((one) => one.id === last.id)!;
          return {
            rule: id,
            time,
            id: last.id,
            values: valuesOf(signal),
            counts: !times.some((other) => other < time && other >= time - RULES[id]!.timespan * SECOND),
            evidence: windowOf(RULES[id]!, matches, time).flatMap(({ evidence }) => evidence),
          };
        });
      });
    });
  const step = (match: Match) => (rule.type === 'temporal_ordered' ? rule.rules.indexOf(match.rule) : 0);
  return [...direct, ...inner].sort((a, b) => a.time - b.time || step(a) - step(b) || isEarlier(a, b));
}

const timesOf = (matches: readonly Match[]) => [...new Set(matches.map(({ time }) => time))];

const windowOf = ({ timespan }: PlainRule, matches: readonly Match[], time: number) =>
  matches.filter((match) => match.time <= time && match.time >= time - timespan * SECOND);

function alerts(rule: PlainRule, matches: readonly Match[]): Episode[] {
  const found: Episode[] = [];
  let told = 0;
  for (const time of timesOf(matches)) {
    const whole = windowOf(rule, matches, time);
    const untold = windowOf(rule, matches.slice(told), time);
    if (!untold.some((match) => match.time === time)) continue;
    if (!holds(rule, whole) || !holds(rule, untold)) continue;
    const beginning = untold[beginningOf(rule, untold)]!;
    const until = beginning.time + Math.max(rule.timespan, rule.suppress) * SECOND;
    const start = matches.indexOf(beginning);
    const members = matches.slice(start).filter((match) => match.time <= until);
    const completing = members.findLast((match) => match.time === time)!.rule;
    const count =
      rule.type === 'temporal_ordered'
        ? members.filter((match) => match.rule === completing && match.time >= time).length
        : Math.max(1, members.filter(({ counts }) => counts).length);
    const evidence = new Map(
      members
        .flatMap((member) => member.evidence)
        .toReversed()
        .map((signal) => [signal.id, signal]),
    );
    const signals = [...evidence.values()].toReversed();
    const order = members.flatMap((member) => member.evidence).map(({ id }) => id);
    signals.sort((a, b) => a.time! - b.time! || order.indexOf(a.id) - order.indexOf(b.id));
    found.push({ beginning: signals.find(({ id }) => id === beginning.id)!, signals, count, until });
    told = start + members.length;
  }
  return found;
}

function holds(rule: PlainRule, window: readonly Match[]): boolean {
  const present = new Set(window.map((match) => match.rule));
  if (rule.ways) {
    return rule.ways.some(
      ({ needs, excludes }) =>
        !excludes.some((one) => present.has(one)) &&
        (rule.type === 'temporal'
          ? needs.every((one) => present.has(one))
          : chains(needs, window, rule).length > 0),
    );
  }
  const value = numberOf(rule, window, present);
  return value !== undefined && rule.meets!(value);
}

function numberOf(
  rule: PlainRule,
  window: readonly Match[],
  present: ReadonlySet<string>,
): number | undefined {
  const numbers = window
    .filter(({ counts }) => counts)
    .map(({ values }) => values?.size ?? '')
    .filter((size) => size !== '' && !Number.isNaN(Number(size)))
    .map(Number)
    .sort((a, b) => a - b);
  // Quarters add up without a rounding.
  const sum = numbers.reduce((total, number) => total + number, 0);
  switch (rule.type) {
    case 'event_count':
      return window.filter(({ counts }) => counts).length;
    case 'value_count':
      return new Set(window.map(({ values }) => values?.user ?? '').filter((user) => user !== '')).size;
    case 'value_sum':
      return numbers.length > 0 ? sum : undefined;
    case 'value_avg':
      return numbers.length > 0 ? sum / numbers.length : undefined;
    case 'temporal':
      return present.size;
    case 'temporal_ordered':
      return longest(rule.rules, window);
    default: {
      if (numbers.length === 0) return undefined;
      const rank = (rule.percentile! / 100) * (numbers.length - 1);
      const [below, above] = [numbers[Math.floor(rank)]!, numbers[Math.ceil(rank)]!];
      return below + (above - below) * (rank - Math.floor(rank));
    }
  }
}

/** Where chains begin: for each match of the first rule from which the others follow. */
function chains(
  needs: readonly string[],
  window: readonly Match[],
  { sameAny, differAny }: Pick<PlainRule, 'sameAny' | 'differAny'> = {},
): number[] {
  if (needs.length === 0) return [0];
  const follows = (from: number, step: number, first: Match): boolean =>
    window.some((match, at) => {
      if (at < from || match.rule !== needs[step]) return false;
      if (step < needs.length - 1) return follows(at + 1, step + 1, first);
      return (
        (!sameAny ||
          sameAny.some((key) => match.values?.[key] && match.values[key] === first.values?.[key])) &&
        (!differAny || differAny.some((key) => (match.values?.[key] ?? '') !== (first.values?.[key] ?? '')))
      );
    });
  return [...window.keys()].filter(
    (at) => window[at]!.rule === needs[0] && (needs.length === 1 || follows(at + 1, 1, window[at]!)),
  );
}

function longest(rules: readonly string[], window: readonly Match[]): number {
  let most = 0;
  for (let chosen = 1; chosen < 1 << rules.length; chosen++) {
    const needs = rules.filter((_, index) => chosen & (1 << index));
    if (chains(needs, window).length > 0) most = Math.max(most, needs.length);
  }
  return most;
}

function beginningOf(rule: PlainRule, window: readonly Match[]): number {
  if (rule.type !== 'temporal_ordered' || !rule.ways) return 0;
  return Math.min(...rule.ways.flatMap(({ needs }) => chains(needs, window, rule)));
}
