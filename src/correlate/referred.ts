import type { Signal } from '../record/signal.ts';
import type { EpisodeFinder } from './episodes.ts';
import type { Kind } from './kinds/kind.ts';
import { byTime, type Match, matchOf } from './kinds/match.ts';
import { alertsOf, moments } from './windows.ts';

/** A rule and the correlations that it refers to. */
export interface Referring {
  readonly kind: Kind;
  /** By id. */
  readonly inner: ReadonlyMap<string, Referring>;
}

/** How the signals of a group become alerts. @param suppress microseconds */
export function finder(rule: Referring, suppress: number): EpisodeFinder {
  return (history) => alertsOf(matchesOf(rule, history.signals, 0), rule.kind, suppress, history);
}

/** How long before a match something may lie that decides what it is, microseconds. */
export function lookback({ kind, inner }: Referring): number {
  return (
    kind.timespan + Math.max(0, ...Array.from(inner.values(), (each) => each.kind.timespan + lookback(each)))
  );
}

/**
 * What a rule sees of signals: matches of rules, and where correlations that it refers to hold. Those look at the same signals, in groups of
 * their own.
 * @param depth how many correlations lie between the rule and the alert
 */
function matchesOf({ kind, inner }: Referring, signals: readonly Signal[], depth: number): Match[] {
  const valuesOf = (signal: Signal) => (depth === 0 ? signal.values : signal.through?.[depth - 1]?.values);
  const direct: Match[] = [];
  const groups = new Map<string, Signal[]>();
  for (const signal of signals) {
    const next = signal.through?.[depth];
    if (!next) direct.push(matchOf(signal, valuesOf(signal)));
    else {
      const key = JSON.stringify([next.correlation, next.group]);
      const group = groups.get(key);
      if (group) group.push(signal);
      else groups.set(key, [signal]);
    }
  }
  const found = [direct];
  for (const group of groups.values()) {
    const { correlation } = group[0]!.through![depth]!;
    const referred = inner.get(correlation);
    // A signal from before the rule was changed may go through a correlation that is not there any more.
    if (referred)
      found.push(moments(matchesOf(referred, group, depth + 1), correlation, referred.kind, valuesOf));
  }
  return found.length > 1 || kind.order ? found.flat().sort(kind.order ?? byTime) : direct;
}
