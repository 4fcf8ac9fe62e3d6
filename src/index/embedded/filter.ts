import { GatewatchError } from '../../errors.ts';
import { SEVERITY_NUMBER } from '../../record/alert.ts';
import { parseEventTime } from '../../record/time.ts';
import { type AlertFilter, FILTER_FIELDS, type FilterField } from '../port.ts';
import { INCIDENT } from './schema.ts';
import { matchExpression } from './text.ts';

/** The column of each field that alerts can be filtered by. */
export const COLUMN = {
  cluster: 'cluster',
  namespace: 'namespace',
  user: 'user',
  rule: 'rule',
  severity: 'severity',
  outcome: 'outcome',
  status: 'status',
  detectionId: 'detection_id',
  incident: INCIDENT,
} as const satisfies Record<FilterField, string>;

/** Part of a WHERE clause with the values for its placeholders, in order. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** All conditions at once. */
export function where(conditions: readonly Condition[]): Condition {
  return {
    sql: conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
    values: conditions.flatMap(({ values }) => values),
  };
}

/** What a filter asks, as conditions on the alerts table. */
export function filterConditions(filter: AlertFilter): Condition[] {
  const conditions: Condition[] = [];
  for (const field of FILTER_FIELDS) {
    const wanted = filter[field] ?? [];
    if (wanted.length > 0) conditions.push(oneOf(COLUMN[field], wanted.map(columnValue(field))));
  }
  if (!filter.status?.length) conditions.push({ sql: `status <> 'withdrawn'`, values: [] });
  if (filter.from !== undefined) conditions.push({ sql: 'time >= ?', values: [bound('from', filter.from)] });
  if (filter.to !== undefined) conditions.push({ sql: 'time <= ?', values: [bound('to', filter.to)] });
  const expression = filter.text === undefined ? undefined : matchExpression(filter.text);
  if (expression !== undefined) {
    conditions.push({
      sql: `seq IN (SELECT rowid FROM alerts_text WHERE alerts_text MATCH ?)`,
      values: [expression],
    });
  }
  return conditions;
}

/** A single value is compared with `=`, so that SQLite can walk the column's index in the order of the sort. */
function oneOf(column: string, values: readonly (string | number)[]): Condition {
  if (values.length === 1) return { sql: `${column} = ?`, values };
  return { sql: `${column} IN (${values.map(() => '?').join(', ')})`, values };
}

function columnValue(field: FilterField): (value: string) => string | number {
  if (field !== 'severity') return (value) => value;
  return (value) => SEVERITY_NUMBER[value as keyof typeof SEVERITY_NUMBER];
}

/** A bound may lie before Kubernetes existed, an event may not. */
function bound(name: 'from' | 'to', text: string): number {
  const microseconds = parseEventTime(text) ?? Date.parse(text) * 1000;
  if (Number.isNaN(microseconds)) {
    throw new GatewatchError('QUERY_INVALID', 'The time is not RFC 3339.', { where: name });
  }
  return microseconds;
}
