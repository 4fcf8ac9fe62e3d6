import type { DataSourceRef, Target } from './dashboard.ts';
import {
  adHocVariable,
  choiceVariable,
  dataSourceVariable,
  fieldVariable,
  placeholder,
  textVariable,
} from './variables.ts';

const DATA_SOURCE: DataSourceRef = { type: 'elasticsearch', uid: placeholder('elasticsearch') };

/** Values of a field that are shown. */
const VALUES_MAX = 20;

/** What an alert without a value is counted under. */
export const NONE = '(none)';

/** What people can choose by, on each dashboard of alerts. */
export const ALERT_VARIABLES = [
  dataSourceVariable('elasticsearch', 'Alerts', 'gatewatch-elasticsearch'),
  fieldVariable('cluster', 'Cluster', 'orchestrator.cluster.name', DATA_SOURCE),
  fieldVariable('namespace', 'Namespace', 'orchestrator.namespace', DATA_SOURCE),
  choiceVariable('severity', 'Severity', ['critical', 'high', 'medium', 'low', 'informational']),
  textVariable('search', 'Search (Lucene; * finds all)', '*'),
  adHocVariable('filters', 'Filters', DATA_SOURCE),
  textVariable('console', 'Console', 'http://localhost:8480'),
  textVariable('kibana', 'Kibana', 'http://localhost:5601'),
];

/** The alerts that the variables choose. A withdrawn alert was issued again as another, or was none: it counts nowhere. */
const CHOSEN = [
  'NOT gatewatch.status:withdrawn',
  '(orchestrator.cluster.name:$cluster)',
  '(orchestrator.namespace:$namespace)',
  '(gatewatch.level:$severity)',
  `(${placeholder('search:raw')})`,
].join(' AND ');

/** How many alerts there were at each time, by the values of a field if one is named. */
export function overTime({ by, query }: { by?: string; query?: string } = {}): Target {
  return target(query, [...(by === undefined ? [] : [terms(by)]), TIME]);
}

/** How many alerts each of some queries found at each time, by the name of the query. */
export function overTimeEach(queries: Readonly<Record<string, string>>, query?: string): Target {
  const filters = Object.entries(queries).map(([label, text]) => ({ label, query: text }));
  // Grafana shows nothing of filters that come last.
  return target(query, [{ type: 'filters', settings: { filters } }, TIME]);
}

/** How many alerts have each value of a field, or each pair of values of two. */
export function counts({ by, query }: { by: readonly string[]; query?: string }): Target {
  return target(
    query,
    // An address cannot be replaced by a word.
    by.map((field) => terms(field, field.endsWith('.ip') ? {} : { missing: NONE })),
  );
}

/** The newest alerts, whole. */
export function newest(size: number, query?: string): Target {
  return target(query, [], { type: 'raw_data', settings: { size: String(size) } });
}

function target(
  query: string | undefined,
  buckets: readonly object[],
  metric: object = { type: 'count' },
): Target {
  return {
    datasource: DATA_SOURCE,
    query: query === undefined ? CHOSEN : `${CHOSEN} AND (${query})`,
    metrics: [{ id: '1', ...metric }],
    bucketAggs: buckets.map((bucket, at) => ({ id: String(at + 2), ...bucket })),
  };
}

function terms(field: string, settings: { missing?: string } = {}) {
  const most = { size: String(VALUES_MAX), min_doc_count: '1', orderBy: '_count', order: 'desc' };
  return { type: 'terms', field, settings: { ...most, ...settings } };
}

const TIME = {
  type: 'date_histogram',
  field: '@timestamp',
  settings: { interval: 'auto', min_doc_count: '0', trimEdges: '0' },
};
