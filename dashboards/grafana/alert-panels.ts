import type { Colors, Panel } from './dashboard.ts';
import { counts, newest } from './elasticsearch.ts';
import { type Column, documents, ranking } from './panels.ts';
import { placeholder } from './variables.ts';

export const SEVERITY_COLORS: Colors = {
  critical: 'dark-red',
  high: 'orange',
  medium: 'yellow',
  low: 'blue',
  informational: 'text',
};

export const OUTCOME_COLORS: Colors = {
  admitted: 'orange',
  denied: 'green',
  failed: 'purple',
  'dry-run': 'blue',
  pending: 'yellow',
  other: 'text',
};

/** Newest alerts that are shown: each is fetched whole. */
const NEWEST_MAX = 100;

const ALERT_ID = placeholder('__data.fields["event.id"]');

const TIME = `(from:'${placeholder('__from:date:iso')}',to:'${placeholder('__to:date:iso')}')`;

const LINKS = [
  { title: 'Open in the console', url: `${placeholder('console:raw')}/alerts/${ALERT_ID}` },
  {
    title: 'Open in Kibana',
    url: `${placeholder('kibana:raw')}/app/discover#/view/gatewatch-alerts?_g=(time:${TIME})&_a=(query:(language:kuery,query:'event.id:"${ALERT_ID}"'))`,
  },
];

const COLUMNS: readonly Column[] = [
  { field: '@timestamp', name: 'Time', width: 170 },
  { field: 'gatewatch.level', name: 'Severity', width: 100, colors: SEVERITY_COLORS },
  { field: 'message', name: 'Alert', links: LINKS },
  { field: 'orchestrator.cluster.name', name: 'Cluster', width: 130 },
  { field: 'orchestrator.namespace', name: 'Namespace', width: 130 },
  { field: 'user.name', name: 'Actor', width: 150 },
  { field: 'gatewatch.outcome', name: 'Outcome', width: 100, colors: OUTCOME_COLORS },
  { field: 'gatewatch.count', name: 'Times', width: 70 },
  { field: 'gatewatch.status', name: 'Status', width: 110 },
  { field: 'event.id', name: 'Id', hidden: true },
];

/** The newest alerts with their sentences. */
export function newestAlerts(title: string, query?: string): Panel {
  const description = `At most ${NEWEST_MAX}. A click on the sentence leads to the alert in the console or in Kibana.`;
  return documents({ title, description, columns: COLUMNS, targets: [newest(NEWEST_MAX, query)] });
}

/** Alerts by the values of fields; `fields` names the columns. */
export function ranked(title: string, fields: Readonly<Record<string, string>>, query?: string): Panel {
  const columns = Object.entries(fields).map(([name, field]) => ({ name, field }));
  const by = columns.map(({ field }) => field);
  return ranking({ title, columns, targets: [counts({ by, ...(query !== undefined && { query }) })] });
}
