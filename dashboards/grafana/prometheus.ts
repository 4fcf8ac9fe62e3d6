import type { DataSourceRef, Target } from './dashboard.ts';
import { dataSourceVariable, labelVariable, placeholder } from './variables.ts';

const DATA_SOURCE: DataSourceRef = { type: 'prometheus', uid: placeholder('prometheus') };

/** A metric that every process has, whatever its roles. */
const EVERYWHERE = 'gatewatch_index_alerts_total';

export const METRIC_VARIABLES = [
  dataSourceVariable('prometheus', 'Metrics', 'gatewatch-prometheus'),
  labelVariable('instance', 'Process', EVERYWHERE, DATA_SOURCE),
];

/** The series of a metric that belong to the chosen processes. */
function chosen(metric: string): string {
  return `${metric}{instance=~"$instance"}`;
}

/** Number of processes. */
export function processes(): Target {
  return target(`count(${chosen(EVERYWHERE)})`, 'processes');
}

/** How much a counter grows a second, by labels. */
export function rate(metric: string, ...by: readonly string[]): Target {
  return target(`sum${grouped(by)}(rate(${chosen(metric)}[$__rate_interval]))`, legend(by));
}

/** How much a counter grew between two points of the panel, by labels. */
export function growth(metric: string, ...by: readonly string[]): Target {
  return target(`sum${grouped(by)}(increase(${chosen(metric)}[$__rate_interval]))`, legend(by));
}

/**
 * What a gauge shows, added up by labels; or a counter since its process started, for what is rare: a counter that appears with its
 * first event has not grown, as Prometheus sees it.
 */
export function total(metric: string, ...by: readonly string[]): Target {
  return target(`sum${grouped(by)}(${chosen(metric)})`, legend(by));
}

/** The most that a gauge shows, by labels. */
export function most(metric: string, ...by: readonly string[]): Target {
  return target(`max${grouped(by)}(${chosen(metric)})`, legend(by));
}

/** The values of a label behind which a counter grows fastest. */
export function fastest(count: number, metric: string, by: string): Target {
  return target(`topk(${count}, sum by (${by}) (rate(${chosen(metric)}[$__rate_interval])))`, legend([by]));
}

/** What so much of the observations of a histogram stays below, by labels. */
export function quantile(share: number, metric: string, ...by: readonly string[]): Target {
  const buckets = `sum by (${['le', ...by].join(', ')}) (rate(${chosen(`${metric}_bucket`)}[$__rate_interval]))`;
  return target(`histogram_quantile(${share}, ${buckets})`, [`p${share * 100}`, legend(by)].join(' ').trim());
}

function grouped(by: readonly string[]): string {
  return by.length === 0 ? '' : ` by (${by.join(', ')}) `;
}

function legend(by: readonly string[]): string {
  return by.map((label) => `{{${label}}}`).join(' ');
}

function target(expr: string, legendFormat: string): Target {
  return {
    datasource: DATA_SOURCE,
    expr,
    legendFormat: legendFormat || 'all',
    editorMode: 'code',
    range: true,
  };
}
