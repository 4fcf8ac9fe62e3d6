import type { Alert, AlertStatus, Severity } from '../record/alert.ts';
import type { Outcome } from '../record/signal.ts';

/** What can be asked of the stored alerts; absent fields do not restrict. Values within one list are alternatives. */
export interface AlertFilter {
  /** Full text over the sentence, rule name, user, namespace and resource. */
  readonly text?: string;
  readonly cluster?: readonly string[];
  readonly namespace?: readonly string[];
  readonly user?: readonly string[];
  readonly rule?: readonly string[];
  readonly detectionId?: readonly string[];
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

/** Where alerts end and are looked up. Implementations: `embedded/` and, later, `elasticsearch/`. */
export interface AlertStore {
  /** Idempotent: an alert replaces the stored one with its id unless that one's version is higher. A person's status is kept. */
  put(alerts: readonly Alert[]): Promise<void>;
  get(id: string): Promise<Alert | undefined>;
  /** Rejects with `CURSOR_INVALID` for a cursor that is not one of ours. */
  find(query: AlertQuery): Promise<AlertPage>;
  /** How many alerts match, in all and by the values of one field (the 100 most frequent, most frequent first). */
  count(
    filter: AlertFilter,
    by?: CountField,
  ): Promise<{ total: number; values: readonly { value: string; count: number }[] }>;
  close(): Promise<void>;
}
