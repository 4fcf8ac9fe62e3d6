import type { estypes } from '@elastic/elasticsearch';
import type { Dashboard, Target, Variable } from '../../../dashboards/grafana/dashboard.ts';
import { keyOf } from './counted.ts';

// What Grafana 11 and 12 do between a panel and Elasticsearch, after their own sources: `datasource.ts` of the data source for variables and
// filters, `pkg/tsdb/elasticsearch` for requests and answers. Only what our dashboards use is here; anything else is an error.

/** What is chosen at the top of a dashboard. */
export interface View {
  readonly fromMs: number;
  readonly toMs: number;
  /** Width of a bucket of time, which Grafana takes from the width of the panel. */
  readonly intervalMs: number;
  /** Values of variables; the others have what the dashboard says. */
  readonly variables?: Readonly<Record<string, string | readonly string[]>>;
  readonly filters?: readonly { readonly key: string; readonly value: string }[];
}

type Settings = Readonly<Record<string, string>> & {
  readonly filters?: readonly { readonly label: string; readonly query: string }[];
};

interface Bucket {
  readonly id: string;
  readonly type: string;
  readonly field: string;
  readonly settings: Settings;
}

/** A target of Elasticsearch, once Grafana has put values in place of variables. */
interface Query {
  readonly query: string;
  readonly bucketAggs: readonly Bucket[];
  readonly metrics: readonly { readonly type: string; readonly settings?: Settings }[];
}

/** One search of `_msearch`: its header line and its body. */
export type Search = readonly [estypes.MsearchMultisearchHeader, Record<string, unknown>];

const TIME = '@timestamp';

const SIZE = 500;

/** What Grafana sends for a target. */
export function searchFor(target: Target, variables: readonly Variable[], view: View, index: string): Search {
  const query = queryOf(target, variables, view);
  const body = {
    size: 0,
    query: {
      bool: {
        filter: [
          { range: { [TIME]: { gte: view.fromMs, lte: view.toMs, format: 'epoch_millis' } } },
          { query_string: { query: query.query, analyze_wildcard: true } },
        ],
      },
    },
    ...(query.metrics[0]!.type === 'raw_data' ? documents(query) : { aggs: aggregations(query, view) }),
  };
  const text = JSON.stringify(body).replaceAll('$__interval_ms', String(view.intervalMs));
  return [{ index, search_type: 'query_then_fetch', ignore_unavailable: true }, JSON.parse(text)];
}

/** What Grafana sends to fill the menu of a variable. */
export function searchForVariable({ query }: Variable, view: View, index: string): Search {
  const { find, field, query: text } = JSON.parse(query as string) as Record<string, string>;
  if (find !== 'terms') throw new Error(`Find ${find}?`);
  const body = {
    size: 0,
    query: {
      bool: {
        filter: [
          { range: { [TIME]: { gte: view.fromMs, lte: view.toMs, format: 'epoch_millis' } } },
          { query_string: { query: text, analyze_wildcard: true } },
        ],
      },
    },
    aggs: { 1: { terms: { field, size: SIZE, order: { _key: 'asc' } } } },
  };
  return [{ index, search_type: 'query_then_fetch', ignore_unavailable: true }, body];
}

/** Puts values in place of variables, first in Lucene's form in queries, then everywhere, and adds the filters. */
function queryOf(target: Target, variables: readonly Variable[], view: View): Query {
  const { query, bucketAggs } = target as unknown as Query;
  const lucene = (text: string) => interpolate(text, variables, view, 'lucene');
  const filters = (view.filters ?? []).map(({ key, value }) => `${key}:"${value}"`);
  const filled = {
    ...target,
    query: [lucene(query), ...filters].join(' AND '),
    bucketAggs: bucketAggs.map((bucket) => {
      if (bucket.type !== 'filters') return bucket;
      const each = bucket.settings.filters!.map(({ label, query }) => ({
        label,
        query: lucene(query) || '*',
      }));
      return { ...bucket, settings: { filters: each } };
    }),
  };
  return JSON.parse(interpolate(JSON.stringify(filled), variables, view, 'glob'));
}

/** Puts values in place of `$name`, `${name}` and `${name:format}`; what is no variable stays. */
export function interpolate(
  text: string,
  variables: readonly Variable[],
  view: View,
  format: 'lucene' | 'glob' | 'regex',
): string {
  return text.replaceAll(/\$(\w+)|\$\{(\w+)(?::(\w+))?\}/g, (whole, plain, braced, named = format) => {
    const variable = variables.find(({ name }) => name === (plain ?? braced));
    if (!variable) return whole;
    const value = view.variables?.[variable.name] ?? (variable.current as { value: string | string[] }).value;
    // What stands for all is taken as it is, whatever the format.
    if (value[0] === '$__all') return variable.allValue as string;
    return formatted(value, named);
  });
}

function formatted(value: string | readonly string[], format: string): string {
  if (format === 'raw') return String(value);
  if (format === 'lucene') {
    return typeof value === 'string'
      ? escaped(value)
      : `(${value.map((one) => `"${escaped(one)}"`).join(' OR ')})`;
  }
  if (format === 'regex') return typeof value === 'string' ? value : `(${value.join('|')})`;
  return typeof value === 'string' || value.length === 1 ? String(value) : `{${value.join(',')}}`;
}

function escaped(value: string): string {
  return Number.isNaN(Number(value)) ? value.replaceAll(/[!*+\-=<>\s&|()[\]{}^~?:\\/"]/g, '\\$&') : value;
}

function documents({ metrics }: Query) {
  return {
    sort: { [TIME]: { order: 'desc', unmapped_type: 'boolean' }, _doc: { order: 'desc' } },
    docvalue_fields: [TIME],
    script_fields: {},
    fields: [{ field: TIME, format: 'strict_date_optional_time_nanos' }],
    size: Number(metrics[0]!.settings!.size) || SIZE,
  };
}

function aggregations({ bucketAggs, metrics }: Query, view: View): object | undefined {
  if (metrics.length !== 1 || metrics[0]!.type !== 'count') throw new Error('Only counts are known here.');
  if (bucketAggs.length === 0) throw new Error('invalid query, missing metrics and aggregations');
  return bucketAggs.reduceRight<object | undefined>((aggs, bucket) => {
    return { [bucket.id]: { [bucket.type]: aggregation(bucket, view), ...(aggs && { aggs }) } };
  }, undefined);
}

function aggregation({ type, field, settings }: Bucket, { fromMs, toMs }: View): object {
  switch (type) {
    case 'date_histogram':
      return {
        field,
        fixed_interval: settings.interval === 'auto' ? '$__interval_msms' : settings.interval,
        min_doc_count: Number(settings.min_doc_count),
        extended_bounds: { min: fromMs, max: toMs },
        format: 'epoch_millis',
      };
    case 'terms':
      return {
        field,
        size: Number(settings.size) || SIZE,
        order: { [settings.orderBy === '_term' ? '_key' : settings.orderBy!]: settings.order },
        min_doc_count: Number(settings.min_doc_count),
        ...(settings.missing !== undefined && { missing: settings.missing }),
      };
    case 'filters':
      return {
        filters: Object.fromEntries(
          settings.filters!.map(({ label, query }) => [
            label || query,
            { query_string: { query, analyze_wildcard: true } },
          ]),
        ),
      };
    default:
      throw new Error(`${type} is not known here.`);
  }
}

interface AnsweredBucket {
  readonly key: string | number;
  readonly key_as_string?: string;
  readonly doc_count: number;
  readonly [agg: string]: unknown;
}

interface Answered {
  readonly buckets: readonly AnsweredBucket[] | Readonly<Record<string, AnsweredBucket>>;
}

/** What Grafana shows of an answer: counts by the values of the buckets, those of no alert left out. */
export function shownCounts(
  { bucketAggs }: Pick<Query, 'bucketAggs'>,
  aggregations: object,
): Map<string, number> {
  const counts = new Map<string, number>();
  const descend = (aggs: object, level: number, path: readonly (string | number)[]) => {
    const { id } = bucketAggs[level]!;
    const { buckets } = (aggs as Record<string, Answered>)[id]!;
    const last = level === bucketAggs.length - 1;
    // Of filters that come last Grafana shows nothing.
    const named = Array.isArray(buckets)
      ? buckets.map((bucket: AnsweredBucket) => [bucket.key, bucket] as const)
      : last
        ? []
        : Object.entries(buckets);
    for (const [key, bucket] of named) {
      if (!last) descend(bucket, level + 1, [...path, key]);
      else if (bucket.doc_count > 0) counts.set(keyOf([...path, key]), bucket.doc_count);
    }
  };
  descend(aggregations, 0, []);
  return counts;
}

/** Every panel that asks something, by its section and title. */
export function panelsOf(dashboard: Dashboard) {
  let section = '';
  return dashboard.panels.flatMap((panel) => {
    if (panel.type === 'row') section = panel.title;
    if (!('targets' in panel)) return [];
    return [{ name: `${dashboard.title}: ${section}: ${panel.title}`, panel }];
  });
}
