import type { estypes } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import { type Alert, SEVERITY_NUMBER } from '../../record/alert.ts';
import { type EventTime, formatEventTime, parseEventTime } from '../../record/time.ts';
import type { Position } from '../cursor.ts';
import { type AlertFilter, type AlertQuery, FILTER_FIELDS, type FilterField } from '../port.ts';
import { wordsQuery } from './words.ts';

type Query = estypes.QueryDslQueryContainer;

/** The field of each thing that alerts can be filtered by. */
export const FIELD = {
  cluster: 'orchestrator.cluster.name',
  namespace: 'orchestrator.namespace',
  user: 'user.name',
  rule: 'rule.id',
  severity: 'event.severity',
  outcome: 'gatewatch.outcome',
  status: 'gatewatch.status',
  detectionId: 'gatewatch.detection_id',
  incident: 'gatewatch.incident.id',
} as const satisfies Record<FilterField, string>;

const TIME = '@timestamp.nanos';

/** The form in which times stand in queries and among the values of a sort: numbers of nanoseconds would not be exact in JavaScript. */
const TIME_FORMAT = 'strict_date_optional_time_nanos';

/** What a filter asks, as a query. */
export function filterQuery(filter: AlertFilter): Query {
  const must: Query[] = [];
  for (const field of FILTER_FIELDS) {
    const wanted = filter[field] ?? [];
    if (wanted.length > 0) must.push({ terms: { [FIELD[field]]: wanted.map(fieldValue(field)) } });
  }
  const range = {
    ...(filter.from === undefined ? {} : { gte: bound('from', filter.from) }),
    ...(filter.to === undefined ? {} : { lte: bound('to', filter.to) }),
  };
  if (Object.keys(range).length > 0) must.push({ range: { [TIME]: { ...range, format: TIME_FORMAT } } });
  const words = filter.text === undefined ? undefined : wordsQuery(filter.text);
  if (words !== undefined) must.push(words);
  const mustNot: Query[] = filter.status?.length ? [] : [{ term: { [FIELD.status]: 'withdrawn' } }];
  return { bool: { filter: must, must_not: mustNot } };
}

/** The order of a query; it ends in the id, so that a page has one place to resume. */
export function sortOf({ sort, order }: Pick<AlertQuery, 'sort' | 'order'>): estypes.SortCombinations[] {
  const time = { [TIME]: { order, format: TIME_FORMAT, unmapped_type: 'date_nanos' } } as const;
  const id = { 'event.id': { order, unmapped_type: 'keyword' } } as const;
  const severity = { [FIELD.severity]: { order, unmapped_type: 'long' } } as const;
  return sort === 'time' ? [time, id] : [severity, time, id];
}

/** Where an alert stands in every order. */
export function positionOf(alert: Alert): Position {
  const { '@timestamp': timestamp, event } = alert;
  return { severity: event.severity, time: microseconds(timestamp), id: event.id };
}

/** A position as the values that the fields of `sortOf` have there. */
export function valuesAt(
  { sort }: Pick<AlertQuery, 'sort'>,
  { severity, time, id }: Position,
): (string | number)[] {
  return sort === 'time' ? [timeText(time), id] : [severity, timeText(time), id];
}

function fieldValue(field: FilterField): (value: string) => string | number {
  if (field !== 'severity') return (value) => value;
  return (value) => SEVERITY_NUMBER[value as keyof typeof SEVERITY_NUMBER];
}

function bound(name: 'from' | 'to', text: string): string {
  const time = microseconds(text);
  if (Number.isNaN(time)) {
    throw new GatewatchError('QUERY_INVALID', 'The time is not RFC 3339.', { where: name });
  }
  return timeText(time);
}

/** Unlike an event, a bound may lie before Kubernetes existed. */
function microseconds(text: string): EventTime {
  return parseEventTime(text) ?? Date.parse(text) * 1000;
}

/** Every stored time lies between 1970 and 2255, and Elasticsearch takes none before. */
function timeText(time: EventTime): string {
  return formatEventTime(Math.min(Math.max(time, 0), Number.MAX_SAFE_INTEGER));
}
