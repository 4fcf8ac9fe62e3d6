import type { Alert } from '../../record/alert.ts';
import { formatEventTime, parseEventTime } from '../../record/time.ts';

/** Where alerts are read: all of a namespace's months. Views on `logs-*`, as Kibana's and Grafana's are, find it. */
export function alertsAlias(namespace: string): string {
  return `logs-gatewatch.alerts-${namespace}`;
}

/**
 * The names of all alert indices of a namespace. They begin otherwise than the alias, so that no template for `logs-*`, with its
 * pipeline and lifecycle, applies to them.
 */
export function alertsPattern(namespace: string): string {
  return `${alertsPrefix(namespace)}*`;
}

/**
 * The index that holds an alert: that of the month, UTC, in which it began, which unlike `@timestamp` stays the same through all its
 * versions. Monthly indices can be deleted whole.
 */
export function alertsIndex(namespace: string, alert: Alert): string {
  const start = parseEventTime(alert.event.start);
  const month = start === undefined ? 'undated' : formatEventTime(start).slice(0, 7).replace('-', '.');
  return `${alertsPrefix(namespace)}${month}`;
}

/** When the month of an alert index was over, Unix milliseconds; undefined if the index is not one of a month of this namespace. */
export function monthEndMs(namespace: string, index: string): number | undefined {
  const prefix = alertsPrefix(namespace);
  const month = index.startsWith(prefix) && /^(\d{4})\.(0[1-9]|1[0-2])$/.exec(index.slice(prefix.length));
  return month ? Date.UTC(Number(month[1]), Number(month[2])) : undefined;
}

/** The data stream of audit events, named as Elastic's kubernetes integration names it. */
export function auditEventsStream(namespace: string): string {
  return `logs-kubernetes.audit_logs-${namespace}`;
}

/** Namespaces hold no "-", so that no namespace's prefix begins another's. */
function alertsPrefix(namespace: string): string {
  return `gatewatch-alerts-${namespace}-`;
}
