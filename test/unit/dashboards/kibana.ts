import type { estypes } from '@elastic/elasticsearch';
import type { Reference, SavedObject } from '../../../dashboards/kibana/saved-objects.ts';
import { keyOf } from './counted.ts';

// What Kibana 8 makes of saved objects: from a panel, its references, filters and queries to the search that it sends. Only what our dashboard
// uses is here; anything else is an error.

type Query = estypes.QueryDslQueryContainer;

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
}

interface Column {
  readonly operationType: string;
  readonly sourceField: string;
  readonly dataType: string;
  readonly params: {
    readonly size: number;
    readonly orderDirection: string;
    readonly orderBy: { readonly columnId: string };
    readonly otherBucket: boolean;
    readonly missingBucket: boolean;
    readonly includeEmptyRows: boolean;
  };
}

interface SearchSource {
  readonly query: { readonly language: string; readonly query: string };
  readonly filter: readonly {
    readonly meta: { readonly negate: boolean; readonly disabled: boolean; readonly indexRefName: string };
    readonly query: Query;
  }[];
  readonly indexRefName?: string;
}

/** A panel with all that it refers to. */
export interface ShownPanel {
  readonly title: string;
  /** The indices that it searches, as its data view has them. */
  readonly indices: string;
  readonly request: (range: Range) => estypes.SearchRequest;
  /** What is shown of an answer; a panel of documents has none. */
  readonly counts?: (aggregations: object, total: number) => Map<string, number>;
}

/** What Kibana takes in the place of no value. */
const MISSING = '__missing__';

const DOCUMENTS_MAX = 500;

/** The saved objects, found by their references; one that leads nowhere is an error. */
export class SavedObjects {
  readonly #objects: readonly SavedObject[];

  constructor(ndjson: string) {
    this.#objects = ndjson
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  all(): readonly SavedObject[] {
    return this.#objects;
  }

  get(type: SavedObject['type'], id: string): SavedObject {
    const found = this.#objects.find((object) => object.type === type && object.id === id);
    if (!found) throw new Error(`There is no ${type} ${id}.`);
    return found;
  }

  /** What a reference of an object leads to. */
  referred(references: readonly Reference[], name: string): SavedObject {
    const found = references.filter((reference) => reference.name === name);
    if (found.length !== 1) throw new Error(`There are ${found.length} references ${name}.`);
    return this.get(found[0]!.type, found[0]!.id);
  }

  /** Every panel of a dashboard. */
  panels(id: string): ShownPanel[] {
    const { attributes, references } = this.get('dashboard', id);
    const context = this.#source(attributes, references);
    return (JSON.parse(attributes.panelsJSON as string) as PanelJson[]).map((panel) => {
      const { panelIndex, panelRefName, type, title, embeddableConfig } = panel;
      const own = references
        .filter(({ name }) => name.startsWith(`${panelIndex}:`))
        .map((reference) => ({ ...reference, name: reference.name.slice(`${panelIndex}:`.length) }));
      if (type === 'search') return { ...this.search(this.referred(own, panelRefName!).id, context), title };
      if (type === 'lens') return { ...this.#lens(embeddableConfig.attributes, own, context), title };
      throw new Error(`Panels of type ${type} are not known here.`);
    });
  }

  /** A saved search, as it is opened, or in a dashboard with that one's filters besides. */
  search(id: string, context: readonly Query[] = []): ShownPanel {
    const { attributes, references } = this.get('search', id);
    const { indexRefName } = JSON.parse(sourceOf(attributes)) as SearchSource;
    const queries = [...context, ...this.#source(attributes, references)];
    const [[field, order]] = attributes.sort as [[string, 'desc']];
    return {
      title: attributes.title as string,
      indices: this.referred(references, indexRefName!).attributes.title as string,
      request: (range) => ({
        query: { bool: { filter: [timeRange(range), ...queries] } },
        sort: [{ [field]: { order, format: 'strict_date_optional_time', unmapped_type: 'boolean' } }],
        size: DOCUMENTS_MAX,
        fields: [{ field: '*', include_unmapped: true }],
        _source: false,
      }),
    };
  }

  #lens(attributes: LensAttributes, references: readonly Reference[], context: readonly Query[]): ShownPanel {
    const { query, filters, datasourceStates, visualization } = attributes.state;
    if (filters.length > 0) throw new Error('Filters of a panel are not known here.');
    const [[layerId, { columns, columnOrder }], ...more] = Object.entries(
      datasourceStates.formBased.layers,
    ) as [[string, Layer]];
    if (more.length > 0) throw new Error('Only one layer is known here.');
    const named = JSON.stringify(visualization);
    for (const id of [layerId, ...columnOrder]) {
      if (!named.includes(JSON.stringify(id))) throw new Error(`The visualization does not show ${id}.`);
    }
    const ordered = columnOrder.map((id) => [id, columns[id]!] as const);
    const buckets = ordered.filter(([, { operationType }]) => operationType !== 'count');
    const view = this.referred(references, `indexpattern-datasource-layer-${layerId}`);
    return {
      title: '',
      indices: view.attributes.title as string,
      request: (range) => ({
        size: 0,
        track_total_hits: true,
        query: { bool: { filter: [timeRange(range), ...context, ...kql(query.query)] } },
        ...(buckets.length > 0 && { aggs: aggregations(buckets, range) }),
      }),
      counts: (answered, total) => shown(buckets, answered, total),
    };
  }

  /** Query and filters of an object. */
  #source(attributes: SavedObject['attributes'], references: readonly Reference[]): Query[] {
    const { query, filter } = JSON.parse(sourceOf(attributes)) as SearchSource;
    const filters = filter
      .filter(({ meta }) => !meta.disabled)
      .map(({ meta, query }) => {
        this.referred(references, meta.indexRefName);
        return meta.negate ? { bool: { must_not: query } } : query;
      });
    return [...kql(query.query), ...filters];
  }
}

interface Layer {
  readonly columns: Readonly<Record<string, Column>>;
  readonly columnOrder: readonly string[];
}

interface LensAttributes {
  readonly state: {
    readonly query: SearchSource['query'];
    readonly filters: readonly object[];
    readonly datasourceStates: { readonly formBased: { readonly layers: Readonly<Record<string, Layer>> } };
    readonly visualization: object;
  };
}

interface PanelJson {
  readonly panelIndex: string;
  readonly panelRefName?: string;
  readonly type: string;
  readonly title: string;
  readonly embeddableConfig: { readonly attributes: LensAttributes };
}

function sourceOf(attributes: SavedObject['attributes']): string {
  return (attributes.kibanaSavedObjectMeta as { searchSourceJSON: string }).searchSourceJSON;
}

function timeRange({ fromMs, toMs }: Range): Query {
  const [gte, lte] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return { range: { '@timestamp': { format: 'strict_date_optional_time', gte, lte } } };
}

/** The part of KQL that is used: `field : "value"` and `field : *`, joined by `and`, or by `or`. */
function kql(text: string): Query[] {
  if (text === '') return [];
  const [every, some] = [text.split(' and '), text.split(' or ')];
  if (every.length > 1 && some.length > 1) throw new Error(`${text}: which comes first?`);
  if (some.length > 1) return [{ bool: { should: some.flatMap(kql), minimum_should_match: 1 } }];
  if (every.length > 1) return [{ bool: { filter: every.flatMap(kql) } }];
  const [, field, value] = /^([\w.]+) : (\*|"[^"*]+")$/.exec(text) ?? [];
  if (!field || !value) throw new Error(`${text} is not known here.`);
  return [value === '*' ? { exists: { field } } : { match_phrase: { [field]: JSON.parse(value) } }];
}

function aggregations(
  buckets: readonly (readonly [string, Column])[],
  range: Range,
): Record<string, estypes.AggregationsAggregationContainer> {
  return buckets.reduceRight((aggs, [id, column]) => ({ [id]: { ...aggregation(column, range), aggs } }), {});
}

function aggregation({ operationType, sourceField: field, dataType, params }: Column, range: Range): object {
  if (operationType === 'date_histogram') {
    const bounds = { min: range.fromMs, max: range.toMs };
    return {
      date_histogram: {
        field,
        fixed_interval: `${range.intervalMs}ms`,
        time_zone: 'UTC',
        ...(params.includeEmptyRows && { extended_bounds: bounds }),
      },
    };
  }
  if (operationType !== 'terms') throw new Error(`${operationType} is not known here.`);
  if (params.orderBy.columnId !== 'count') throw new Error('Only the order of counts is known here.');
  const missing = params.otherBucket && params.missingBucket && dataType === 'string';
  return {
    terms: {
      field,
      size: params.size,
      shard_size: 25,
      order: { _count: params.orderDirection },
      ...(missing && { missing: MISSING }),
    },
  };
}

interface AnsweredBucket {
  readonly key: string | number;
  readonly doc_count: number;
}

function shown(
  buckets: readonly (readonly [string, Column])[],
  answered: object,
  total: number,
): Map<string, number> {
  const counts = new Map<string, number>();
  if (buckets.length === 0 && total > 0) counts.set(keyOf([]), total);
  const descend = (aggs: object, level: number, path: readonly (string | number)[]) => {
    const found = (aggs as Record<string, { buckets: AnsweredBucket[] }>)[buckets[level]![0]]!;
    for (const bucket of found.buckets) {
      if (level < buckets.length - 1) descend(bucket, level + 1, [...path, bucket.key]);
      else if (bucket.doc_count > 0) counts.set(keyOf([...path, bucket.key]), bucket.doc_count);
    }
  };
  if (buckets.length > 0) descend(answered, 0, []);
  return counts;
}
