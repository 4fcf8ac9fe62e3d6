import type { GatewatchError } from '../errors.ts';
import type { Alert, AlertStatus, Severity } from '../record/alert.ts';
import type { ReceivedRecord } from '../record/record.ts';
import type { Outcome } from '../record/signal.ts';

/**
 * What can be asked of the stored alerts; absent fields and empty lists do not restrict. Values within one list are
 * alternatives. Withdrawn alerts are left out unless `status` asks for them.
 */
export interface AlertFilter {
  /** Full text: alerts that hold every word, each word as a prefix, in the sentence or in the names of rule, user, cluster, namespace, resource or denying policy. */
  readonly text?: string;
  readonly cluster?: readonly string[];
  readonly namespace?: readonly string[];
  readonly user?: readonly string[];
  /** Ids of rules. */
  readonly rule?: readonly string[];
  readonly detectionId?: readonly string[];
  /** Ids of incidents. */
  readonly incident?: readonly string[];
  readonly severity?: readonly Severity[];
  readonly outcome?: readonly Outcome[];
  readonly status?: readonly AlertStatus[];
  /** Inclusive bounds on `@timestamp`, RFC 3339. */
  readonly from?: string;
  readonly to?: string;
}

export const ALERT_SORTS = ['time', 'severity'] as const;
export interface AlertQuery extends AlertFilter {
  readonly sort: (typeof ALERT_SORTS)[number];
  readonly order: 'asc' | 'desc';
  /** 1 to 500. */
  readonly limit: number;
  /** Opaque; from the previous page. */
  readonly cursor?: string;
}

export interface AlertPage {
  readonly alerts: readonly Alert[];
  /** Absent on the last page. */
  readonly next?: string;
}

export const COUNT_FIELDS = [
  'cluster',
  'namespace',
  'user',
  'rule',
  'severity',
  'outcome',
  'status',
  'detectionId',
] as const;
export type CountField = (typeof COUNT_FIELDS)[number];

/** What can be filtered by value. */
export const FILTER_FIELDS = [...COUNT_FIELDS, 'incident'] as const;
export type FilterField = (typeof FILTER_FIELDS)[number];

export interface AlertCount {
  readonly value: string;
  /** What a person calls the value, where that differs: for `rule`, its name. */
  readonly label?: string;
  readonly count: number;
}

export interface AlertCounts {
  readonly total: number;
  readonly values: readonly AlertCount[];
}

/** An alert that the store will never take. */
export interface RefusedAlert {
  readonly alert: Alert;
  /** `STORE_REFUSED_DOCUMENT`, with the store's reason. */
  readonly error: GatewatchError;
}

/** Where alerts end and are looked up. Implementations: `embedded/` and `elasticsearch/`. */
export interface AlertStore {
  /**
   * Idempotent: an alert replaces the stored one with its id unless that one's version is higher, or the versions are equal and that one's
   * `incident_version` is. What a person said of it (`acknowledged`, `closed`) outlives a new version that says `open`; `withdrawn` replaces it too.
   * @returns the alerts that cannot be stored; all others are
   * @throws GatewatchError what time or an operator may mend (a full disk, no connection): what was stored of them is not known, and
   * putting them again is right
   */
  put(alerts: readonly Alert[]): Promise<readonly RefusedAlert[]>;
  get(id: string): Promise<Alert | undefined>;
  /** Rejects with `CURSOR_INVALID` for a cursor that is not one of ours. */
  find(query: AlertQuery): Promise<AlertPage>;
  /** How many alerts match, in all and by the values of one field (the 100 most frequent, most frequent first). Alerts without the field are in the total only. */
  count(filter: AlertFilter, by?: CountField): Promise<AlertCounts>;
  close(): Promise<void>;
}

/** An audit event that a store will never take. */
export interface RefusedRecord {
  readonly record: ReceivedRecord;
  /** `STORE_REFUSED_DOCUMENT`, with the store's reason. */
  readonly error: GatewatchError;
}

/** Where audit events end, where that is asked for. Implementation: `elasticsearch/audit-stream.ts`. */
export interface AuditEventSink {
  /** Stores the audit events among the records; the rest is as with `AlertStore.put`. */
  put(records: readonly ReceivedRecord[]): Promise<readonly RefusedRecord[]>;
}

/** What the console needs of it. */
export type AlertReader = Pick<AlertStore, 'get' | 'find' | 'count'>;
