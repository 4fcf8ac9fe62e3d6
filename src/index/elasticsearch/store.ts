import type { Client, estypes } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import { type Alert, SEVERITY_NUMBER } from '../../record/alert.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type {
  AlertCount,
  AlertCounts,
  AlertFilter,
  AlertPage,
  AlertQuery,
  AlertStore,
  CountField,
  RefusedAlert,
} from '../port.ts';
import type { BulkOptions } from './bulk.ts';
import { type AlertDocument, fromDocument } from './document.ts';
import { alertsAlias } from './names.ts';
import { AlertWriter } from './put.ts';
import { FIELD, filterQuery, positionOf, sortOf, valuesAt } from './query.ts';
import { isIndexMissing, storeError } from './store-error.ts';

const PAGE_ALERTS_MAX = 500;
const COUNT_VALUES_MAX = 100;

/** Values that each month counts before months are added up; with fewer different ones counts are exact. */
const MONTH_VALUES_MAX = 10_000;

/** The part of an answer that is read. */
type Found = Pick<
  estypes.SearchResponse<AlertDocument, { values: { buckets: Bucket[] } }>,
  'hits' | 'aggregations'
>;

/** How many alerts have one value. */
interface Bucket {
  readonly key: string | number;
  readonly doc_count: number;
  readonly label?: { readonly buckets: readonly Bucket[] };
}

export interface AlertStoreOptions extends BulkOptions {
  readonly namespace: string;
}

/**
 * Alerts in Elasticsearch: one document each, in the index of the month in which the alert began. The client belongs to who made
 * it: `close` leaves it open. What is put is found a second later, when Elasticsearch refreshes, unless `refresh` is set.
 *
 * The index templates must be there before the first alert: see `installTemplates`.
 */
export class ElasticsearchAlertStore implements AlertStore {
  readonly #client: Client;
  readonly #alias: string;
  readonly #writer: AlertWriter;

  constructor(client: Client, options: AlertStoreOptions) {
    this.#client = client;
    this.#alias = alertsAlias(options.namespace);
    this.#writer = new AlertWriter(client, options.namespace, options);
  }

  async put(alerts: readonly Alert[]): Promise<readonly RefusedAlert[]> {
    return this.#writer.put(alerts);
  }

  async get(id: string): Promise<Alert | undefined> {
    const { hits } = await this.#search({ query: { ids: { values: [id] } }, size: 1 });
    const source = hits.hits[0]?._source;
    return source && fromDocument(source);
  }

  async find(query: AlertQuery): Promise<AlertPage> {
    const { limit, cursor } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_ALERTS_MAX) {
      throw new GatewatchError('QUERY_INVALID', `A page has 1 to ${PAGE_ALERTS_MAX} alerts.`, {
        where: 'limit',
      });
    }
    const after = cursor === undefined ? undefined : decodeCursor(query, cursor);
    const { hits } = await this.#search({
      query: filterQuery(query),
      sort: sortOf(query),
      size: limit + 1,
      track_total_hits: false,
      ...(after === undefined ? {} : { search_after: valuesAt(query, after) }),
    });
    const alerts = hits.hits.slice(0, limit).map(({ _source }) => fromDocument(_source!));
    return hits.hits.length > limit
      ? { alerts, next: encodeCursor(query, positionOf(alerts.at(-1)!)) }
      : { alerts };
  }

  async count(filter: AlertFilter, by?: CountField): Promise<AlertCounts> {
    const { hits, aggregations } = await this.#search({
      query: filterQuery(filter),
      size: 0,
      track_total_hits: true,
      ...(by === undefined ? {} : { aggregations: { values: countValues(by) } }),
    });
    const total = (hits.total as estypes.SearchTotalHits | undefined)?.value ?? 0;
    const buckets = aggregations?.values?.buckets ?? [];
    return { total, values: by === undefined ? [] : buckets.map((bucket) => toCount(by, bucket)) };
  }

  async close(): Promise<void> {}

  async #search(request: estypes.SearchRequest): Promise<Found> {
    try {
      return await this.#client.search<AlertDocument, { values: { buckets: Bucket[] } }>({
        index: this.#alias,
        // A list with alerts missing looks like one without them.
        allow_partial_search_results: false,
        ...request,
      });
    } catch (error) {
      // There is no alias before the first alert. Where the alias may not be read the answer is another, 403.
      if (isIndexMissing(error)) return { hits: { hits: [] } };
      throw storeError(error);
    }
  }
}

/** The values of one field, most frequent first; of rules with their names. */
function countValues(by: CountField): estypes.AggregationsAggregationContainer {
  return {
    terms: {
      field: FIELD[by],
      size: COUNT_VALUES_MAX,
      shard_size: MONTH_VALUES_MAX,
      order: [{ _count: 'desc' }, { _key: 'asc' }],
    },
    ...(by === 'rule' && { aggregations: { label: { terms: { field: 'rule.name', size: 1 } } } }),
  };
}

function toCount(by: CountField, { key, doc_count: count, label }: Bucket): AlertCount {
  if (by === 'severity') return { value: severityName(Number(key)), count };
  const name = label?.buckets[0]?.key;
  return { value: String(key), ...(name !== undefined && { label: String(name) }), count };
}

function severityName(number: number): string {
  return Object.entries(SEVERITY_NUMBER).find(([, known]) => known === number)?.[0] ?? String(number);
}
