import type { Client, estypes } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import type { Alert, AlertStatus } from '../../record/alert.ts';
import type { RefusedAlert } from '../port.ts';
import { type BulkOptions, BulkWriter, type Write } from './bulk.ts';
import { toDocument } from './document.ts';
import { alertsIndex } from './names.ts';
import { type Failure, failureCode, reasonOf, storeError } from './store-error.ts';

/** Alerts that are read and written at one time. */
const ALERTS_MAX = 500;

/** How often alerts that others write at the same time are read again. Of those who write one alert, each round lets one through. */
const ROUNDS_MAX = 50;

/** What must be known of a stored alert to put another version of it. */
interface Stored {
  readonly version: number;
  readonly incidentVersion: number;
  readonly status: AlertStatus;
  readonly ingested: string;
  readonly at: Required<Write>['replaces'];
}

const STORED_FIELDS = [
  'gatewatch.version',
  'gatewatch.incident_version',
  'gatewatch.status',
  'event.ingested',
];

/**
 * Puts alerts into their indices. What is stored is read first and replaced only if it is still the same, so that any number of processes may
 * put the same alerts, in any order; a script in Elasticsearch could do that in one go, but not every cluster allows scripts.
 */
export class AlertWriter {
  readonly #client: Client;
  readonly #bulk: BulkWriter;
  readonly #namespace: string;

  constructor(client: Client, namespace: string, options: BulkOptions) {
    this.#client = client;
    this.#bulk = new BulkWriter(client, options);
    this.#namespace = namespace;
  }

  /** See `AlertStore.put`. */
  async put(alerts: readonly Alert[]): Promise<RefusedAlert[]> {
    const refused: RefusedAlert[] = [];
    for (const some of distinct(alerts)) refused.push(...(await this.#putDistinct(some)));
    return refused;
  }

  async #putDistinct(alerts: readonly Alert[]): Promise<RefusedAlert[]> {
    const refused: RefusedAlert[] = [];
    let open = alerts;
    for (let round = 0; open.length > 0; round++) {
      if (round === ROUNDS_MAX)
        throw new GatewatchError('STORE_UNAVAILABLE', 'Others write the same alerts without a pause.');
      const stored = await this.#stored(open);
      const fresh = open.map((alert, at) => ({ alert, stored: stored[at] })).filter(isFresh);
      const written = await this.#bulk.write(this.#writes(fresh));
      for (const [at, result] of written.entries())
        if (result instanceof GatewatchError) refused.push({ alert: fresh[at]!.alert, error: result });
      open = fresh.filter((_, at) => written[at] === 'conflict').map(({ alert }) => alert);
    }
    return refused;
  }

  /** What is stored of each alert, now: a multi-get does not wait for a refresh. */
  async #stored(alerts: readonly Alert[]): Promise<(Stored | undefined)[]> {
    try {
      const { docs } = await this.#client.mget<StoredSource>({
        docs: alerts.map((alert) => ({ _index: alertsIndex(this.#namespace, alert), _id: alert.event.id })),
        _source_includes: STORED_FIELDS,
      });
      return docs.map(storedOf);
    } catch (error) {
      throw storeError(error);
    }
  }

  *#writes(puts: readonly Put[]): Iterable<Write> {
    const now = new Date().toISOString();
    for (const { alert, stored } of puts) {
      const document = toDocument(withStatus(alert, stored), stored?.ingested ?? now);
      yield {
        index: alertsIndex(this.#namespace, alert),
        id: alert.event.id,
        document: JSON.stringify(document),
        replaces: stored?.at,
      };
    }
  }
}

/** An alert to put, and what is stored of it. */
interface Put {
  readonly alert: Alert;
  readonly stored: Stored | undefined;
}

function isFresh({ alert, stored }: Put): boolean {
  if (stored === undefined) return true;
  const { version, incident_version = 0 } = alert.gatewatch;
  return (
    version > stored.version || (version === stored.version && incident_version >= stored.incidentVersion)
  );
}

/** What a person said outlives a version that says `open`. */
function withStatus(alert: Alert, stored: Stored | undefined): Alert {
  const isKept =
    alert.gatewatch.status === 'open' && (stored?.status === 'acknowledged' || stored?.status === 'closed');
  return isKept ? { ...alert, gatewatch: { ...alert.gatewatch, status: stored.status } } : alert;
}

/** Parts of a list in which no alert comes twice; versions of one alert keep their order. */
function* distinct(alerts: readonly Alert[]): Iterable<Alert[]> {
  let part = new Map<string, Alert>();
  for (const alert of alerts) {
    if (part.size === ALERTS_MAX || part.has(alert.event.id)) {
      yield [...part.values()];
      part = new Map();
    }
    part.set(alert.event.id, alert);
  }
  if (part.size > 0) yield [...part.values()];
}

interface StoredSource {
  readonly gatewatch: {
    readonly version: number;
    readonly incident_version?: number;
    readonly status: AlertStatus;
  };
  readonly event: { readonly ingested: string };
}

function storedOf(doc: estypes.MgetResponseItem<StoredSource>): Stored | undefined {
  if ('error' in doc) {
    const failure = doc.error as Failure;
    // The first alert of a month.
    if (failure.type === 'index_not_found_exception') return undefined;
    const code = failureCode(failure.type === 'security_exception' ? 403 : 503, failure);
    throw new GatewatchError(code, `Elasticsearch cannot read an alert: ${reasonOf(failure)}`);
  }
  if (!doc.found || doc._source === undefined) return undefined;
  const { gatewatch, event } = doc._source;
  return {
    version: gatewatch.version,
    incidentVersion: gatewatch.incident_version ?? 0,
    status: gatewatch.status,
    ingested: event.ingested,
    at: { if_seq_no: doc._seq_no!, if_primary_term: doc._primary_term! },
  };
}
