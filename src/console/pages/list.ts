import type { AlertCount, AlertCounts, AlertFilter, AlertPage, AlertReader } from '../../index/port.ts';
import { type Link, type ListParameters, listHref } from '../links.ts';
import { type PageQuery, RANGES } from '../query.ts';
import { type Exact, visible } from '../show.ts';
import { OUTCOMES, SEVERITIES, STATUSES } from '../words.ts';
import type { Choices } from './choices.ts';

const HOUR_MS = 3_600_000;

const RANGE_LABELS = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
};

/** Filters that are shown as chips, each with a link that takes it away. */
const CHIP_LABELS = {
  cluster: 'Cluster',
  namespace: 'Namespace',
  user: 'User',
  rule: 'Rule',
  detectionId: 'Detection',
  incident: 'Incident',
  from: 'From',
  to: 'To',
} as const;

interface SeverityToggle {
  readonly severity: string;
  readonly count: number;
  readonly pressed: boolean;
  readonly href: Exact | undefined;
}

interface Chip {
  readonly label: string;
  readonly value: string;
  readonly without: Exact | undefined;
}

interface Sort {
  readonly href: Exact | undefined;
  readonly aria: 'ascending' | 'descending' | 'none';
}

/** What `views/list.eta` shows. */
export interface ListView {
  readonly query: PageQuery;
  readonly page: AlertPage;
  readonly total: number;
  readonly filtered: boolean;
  readonly severities: readonly SeverityToggle[];
  readonly chips: readonly Chip[];
  /** Parameters that the form must carry along, because it has no field for them. */
  readonly carried: readonly (readonly [string, string])[];
  readonly choices: {
    readonly outcome: readonly string[];
    readonly status: readonly string[];
    readonly range: readonly (readonly [string, string])[];
    readonly cluster: readonly AlertCount[];
    readonly namespace: readonly AlertCount[];
    readonly rule: readonly AlertCount[];
  };
  readonly sorts: { readonly time: Sort; readonly severity: Sort };
  readonly pager: readonly Link[];
}

/** Looks up what the list of alerts shows; `now` is where a time range ends. */
export async function listView(
  { store, choices }: { readonly store: AlertReader; readonly choices: Choices },
  query: PageQuery,
  now: number,
): Promise<ListView> {
  const { sort, order, limit, cursor, range, ...given } = query;
  const { severity, ...others } = rangeFilter(given, range, now);
  const filter = { ...others, ...(severity !== undefined && { severity }) };
  const [page, bySeverity, { cluster, namespace, rule }] = await Promise.all([
    store.find({ ...filter, sort, order, limit, ...(cursor !== undefined && { cursor }) }),
    store.count(others, 'severity'),
    choices.at(now),
  ]);
  return {
    query,
    page,
    total: totalOf(bySeverity, severity),
    filtered: Object.keys(given).length > 0 || range !== undefined,
    severities: SEVERITIES.map((name) => ({
      severity: name,
      count: bySeverity.values.find(({ value }) => value === name)?.count ?? 0,
      pressed: severity?.includes(name) ?? false,
      href: firstPage(query, { severity: toggled(severity ?? [], name) }),
    })),
    chips: chips(query, rule),
    carried: carried(query),
    choices: {
      outcome: OUTCOMES,
      status: STATUSES,
      range: Object.entries(RANGE_LABELS),
      cluster: including(cluster, query.cluster),
      // A browser shows these as they are, so only those that hide nothing are offered.
      namespace: namespace.filter(({ value }) => visible(value) === value),
      rule: including(rule, query.rule),
    },
    sorts: { time: sortBy(query, 'time'), severity: sortBy(query, 'severity') },
    pager: pager(query, page),
  };
}

function rangeFilter(filter: AlertFilter, range: PageQuery['range'], now: number): AlertFilter {
  if (range === undefined) return filter;
  return { ...filter, from: new Date(now - RANGES[range] * HOUR_MS).toISOString() };
}

function totalOf(bySeverity: AlertCounts, wanted: readonly string[] | undefined): number {
  if (wanted === undefined) return bySeverity.total;
  return bySeverity.values
    .filter(({ value }) => wanted.includes(value))
    .reduce((sum, { count }) => sum + count, 0);
}

/** The same list with other parameters, from its first page; what is as without parameters is left out of the address. */
function firstPage(query: PageQuery, changes: ListParameters): Exact | undefined {
  const { cursor, sort, order, limit, ...filter } = query;
  return listHref({
    ...filter,
    ...(sort !== 'time' && { sort }),
    ...(order !== 'desc' && { order }),
    ...(limit !== 50 && { limit }),
    ...changes,
  });
}

function toggled(values: readonly string[], value: string): string[] {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}

function chips(query: PageQuery, rules: readonly AlertCount[]): Chip[] {
  return Object.entries(CHIP_LABELS).flatMap(([name, label]) => {
    const values = [query[name as keyof typeof CHIP_LABELS] ?? []].flat();
    return values.map((value) => ({
      label,
      value: (name === 'rule' && rules.find((rule) => rule.value === value)?.label) || value,
      without: firstPage(query, { [name]: values.filter((other) => other !== value) }),
    }));
  });
}

function carried({ severity, detectionId, incident, from, to, sort, order }: PageQuery): [string, string][] {
  return [
    ...(severity ?? []).map((value): [string, string] => ['severity', value]),
    ...(detectionId ?? []).map((value): [string, string] => ['detectionId', value]),
    ...(incident ?? []).map((value): [string, string] => ['incident', value]),
    ...(from === undefined ? [] : [['from', from] as [string, string]]),
    ...(to === undefined ? [] : [['to', to] as [string, string]]),
    ...(sort === 'time' ? [] : [['sort', sort] as [string, string]]),
    ...(order === 'desc' ? [] : [['order', order] as [string, string]]),
  ];
}

/** A value that is filtered by can be chosen even if it is not among the most frequent. */
function including(values: readonly AlertCount[], wanted: readonly string[] = []): readonly AlertCount[] {
  const missing = wanted.filter((value) => !values.some((counted) => counted.value === value));
  return [...values, ...missing.map((value) => ({ value, count: 0 }))];
}

/** A second click on a column turns its order round. */
function sortBy(query: PageQuery, sort: PageQuery['sort']): Sort {
  const active = query.sort === sort;
  const order = active && query.order === 'desc' ? 'asc' : undefined;
  return {
    href: firstPage(query, { sort: sort === 'time' ? undefined : sort, order }),
    aria: active ? (query.order === 'asc' ? 'ascending' : 'descending') : 'none',
  };
}

function pager(query: PageQuery, { next }: AlertPage): Link[] {
  const links: Link[] = [];
  const first = firstPage(query, {});
  if (query.cursor !== undefined && first !== undefined) links.push({ text: '« First page', href: first });
  const following = next === undefined ? undefined : firstPage(query, { cursor: next });
  if (following !== undefined) links.push({ text: 'Next page ›', href: following });
  return links;
}
