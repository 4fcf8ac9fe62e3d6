import type { Alert } from '../../../src/record/alert.ts';

/** How many alerts there are behind each combination of values. */
export type Counts = ReadonlyMap<string, number>;

/** The values of one field of an alert. */
export type Values = (alert: Alert) => readonly (string | undefined)[];

/** What is counted, and how many values of a field are kept. */
export interface Counting {
  readonly by: readonly Values[];
  readonly max: number;
  /** What stands for no value; without it such alerts are left out. */
  readonly missing?: string;
  /** Width of the buckets of time that come last, milliseconds. */
  readonly intervalMs?: number;
}

/** A combination of values as the key of a `Counts`. */
export function keyOf(values: readonly (string | number)[]): string {
  return JSON.stringify(values.map(String));
}

/** Counts alerts as an aggregation must: of each field the most frequent values, of as frequent ones the first, within each other. */
export function countAlerts(alerts: readonly Alert[], { by, ...rest }: Counting): Map<string, number> {
  const counts = new Map<string, number>();
  const descend = (some: readonly Alert[], level: number, path: readonly string[]) => {
    const values = by[level];
    if (values) {
      for (const [value, having] of mostFrequent(some, values, rest))
        descend(having, level + 1, [...path, value]);
    } else if (rest.intervalMs === undefined) counts.set(keyOf(path), some.length);
    else for (const alert of some) add(counts, keyOf([...path, bucketOf(alert, rest.intervalMs)]));
  };
  descend(alerts, 0, []);
  return counts;
}

function mostFrequent(
  alerts: readonly Alert[],
  values: Values,
  { max, missing }: Pick<Counting, 'max' | 'missing'>,
): [string, Alert[]][] {
  const having = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const present = new Set(values(alert).filter((value) => value !== undefined));
    if (present.size === 0 && missing !== undefined) present.add(missing);
    for (const value of present) having.set(value, [...(having.get(value) ?? []), alert]);
  }
  return [...having]
    .sort(([a, some], [b, more]) => more.length - some.length || (a < b ? -1 : 1))
    .slice(0, max);
}

function bucketOf(alert: Alert, intervalMs: number): number {
  return Math.floor(timeOf(alert) / intervalMs) * intervalMs;
}

/** When an alert happened, Unix milliseconds. */
export function timeOf(alert: Alert): number {
  return Date.parse(alert['@timestamp']);
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
