import type { DatabaseSync } from 'node:sqlite';
import { GatewatchError } from '../../errors.ts';
import { databaseError } from '../../log/embedded/database.ts';
import { type Alert, type AlertStatus, SEVERITY_NUMBER } from '../../record/alert.ts';
import { type EventTime, parseEventTime } from '../../record/time.ts';
import { decodeCursor, encodeCursor, type Position } from '../cursor.ts';
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
import { searchable } from '../searchable.ts';
import { COLUMN, type Condition, filterConditions, where } from './filter.ts';
import { SCHEMA, SCHEMA_EXISTS } from './schema.ts';

const PAGE_ALERTS_MAX = 500;
const COUNT_VALUES_MAX = 100;

/** The last condition is what makes `put` idempotent; the status is a person's unless the alert is withdrawn. */
const UPSERT = `
INSERT INTO alerts (id, version, time, severity, cluster, namespace, user, rule, rule_name, detection_id, outcome, status, doc)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  version = excluded.version, time = excluded.time, severity = excluded.severity, cluster = excluded.cluster,
  namespace = excluded.namespace, user = excluded.user, rule = excluded.rule, rule_name = excluded.rule_name,
  detection_id = excluded.detection_id, outcome = excluded.outcome, doc = excluded.doc,
  status = CASE WHEN excluded.status = 'open' AND alerts.status IN ('acknowledged', 'closed')
    THEN alerts.status ELSE excluded.status END
WHERE excluded.version > alerts.version OR (excluded.version = alerts.version AND
  ifnull(excluded.doc ->> '$.gatewatch.incident_version', 0) >= ifnull(alerts.doc ->> '$.gatewatch.incident_version', 0))
RETURNING seq`;

const INDEX_TEXT = `INSERT OR REPLACE INTO alerts_text (rowid, message, names) VALUES (?, ?, ?)`;

interface Row {
  readonly id: string;
  readonly time: number;
  readonly severity: number;
  readonly status: AlertStatus;
  readonly doc: string;
}

/**
 * Alerts in SQLite. One instance writes; any number of read-only instances, in other threads, read the same file. The database
 * belongs to who opened it: `close` leaves it open.
 *
 * The tables are made by the writer. A reader that comes first finds no alerts until they are there.
 */
export class EmbeddedAlertStore implements AlertStore {
  readonly #database: DatabaseSync;
  #ready: boolean;

  constructor(database: DatabaseSync, options: { readonly readOnly?: boolean } = {}) {
    this.#database = database;
    this.#ready = options.readOnly !== true;
    if (this.#ready) database.exec(SCHEMA);
  }

  async put(alerts: readonly Alert[]): Promise<readonly RefusedAlert[]> {
    if (alerts.length === 0) return [];
    const upsert = this.#database.prepare(UPSERT);
    const indexText = this.#database.prepare(INDEX_TEXT);
    // A savepoint, unlike BEGIN, may stand inside a transaction of who shares the connection.
    this.#database.exec('SAVEPOINT alerts_put');
    try {
      for (const alert of alerts) {
        const stored = upsert.get(...columns(alert));
        if (stored === undefined) continue;
        const { message, names } = searchable(alert);
        indexText.run(stored.seq as number, message, names);
      }
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#database.isTransaction) {
        this.#database.exec('ROLLBACK TO alerts_put');
        this.#database.exec('RELEASE alerts_put');
      }
      throw databaseError(error, 'the alert store', 'LOG_UNAVAILABLE');
    }
    this.#database.exec('RELEASE alerts_put');
    return [];
  }

  /** Deletes alerts whose time lies before this one, microseconds. @returns how many; call again while it is not 0 */
  deleteBefore(time: EventTime): number {
    const old = 'SELECT seq FROM alerts WHERE time < ? ORDER BY time LIMIT 1000';
    this.#database.prepare(`DELETE FROM alerts_text WHERE rowid IN (${old})`).run(time);
    return Number(this.#database.prepare(`DELETE FROM alerts WHERE seq IN (${old})`).run(time).changes);
  }

  async get(id: string): Promise<Alert | undefined> {
    const [row] = this.#rows<Row>('SELECT id, time, severity, status, doc FROM alerts WHERE id = ?', [id]);
    return row === undefined ? undefined : toAlert(row);
  }

  async find(query: AlertQuery): Promise<AlertPage> {
    const { limit, cursor } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_ALERTS_MAX) {
      throw new GatewatchError('QUERY_INVALID', `A page has 1 to ${PAGE_ALERTS_MAX} alerts.`, {
        where: 'limit',
      });
    }
    const conditions = filterConditions(query);
    if (cursor !== undefined) conditions.push(after(query, decodeCursor(query, cursor)));
    const { sql, values } = where(conditions);
    const direction = query.order === 'asc' ? 'ASC' : 'DESC';
    const order = sortColumns(query.sort).map((column) => `${column} ${direction}`);
    const rows = this.#rows<Row>(
      `SELECT id, time, severity, status, doc FROM alerts ${sql} ORDER BY ${order.join(', ')} LIMIT ?`,
      [...values, limit + 1],
    );
    const alerts = rows.slice(0, limit).map(toAlert);
    return rows.length > limit ? { alerts, next: encodeCursor(query, rows[limit - 1]!) } : { alerts };
  }

  async count(filter: AlertFilter, by?: CountField): Promise<AlertCounts> {
    const conditions = filterConditions(filter);
    const all = where(conditions);
    const [row] = this.#rows<{ total: number }>(
      `SELECT count(*) AS total FROM alerts ${all.sql}`,
      all.values,
    );
    const total = row?.total ?? 0;
    if (by === undefined) return { total, values: [] };
    const named = where([...conditions, { sql: `${COLUMN[by]} IS NOT NULL`, values: [] }]);
    const values = this.#rows<{ value: string | number; label: string; count: number }>(
      `SELECT ${COLUMN[by]} AS value, ${by === 'rule' ? 'max(rule_name)' : "''"} AS label, count(*) AS count FROM alerts ${named.sql}
       GROUP BY value ORDER BY count DESC, value LIMIT ${COUNT_VALUES_MAX}`,
      named.values,
    );
    return { total, values: values.map((counted) => toCount(by, counted)) };
  }

  async close(): Promise<void> {}

  #rows<R>(sql: string, values: readonly (string | number)[]): R[] {
    this.#ready ||= this.#database.prepare(SCHEMA_EXISTS).get() !== undefined;
    return this.#ready ? (this.#database.prepare(sql).all(...values) as R[]) : [];
  }
}

function columns(alert: Alert): (string | number | null)[] {
  const { event, rule, orchestrator, user, gatewatch } = alert;
  return [
    event.id,
    gatewatch.version,
    parseEventTime(alert['@timestamp']) ?? 0,
    event.severity,
    orchestrator.cluster.name,
    orchestrator.namespace ?? null,
    user?.name ?? null,
    rule.id,
    rule.name,
    gatewatch.detection_id ?? null,
    gatewatch.outcome,
    gatewatch.status,
    JSON.stringify(alert),
  ];
}

function toAlert(row: Row): Alert {
  const alert = JSON.parse(row.doc) as Alert;
  return { ...alert, gatewatch: { ...alert.gatewatch, status: row.status } };
}

function sortColumns(sort: AlertQuery['sort']): (keyof Position)[] {
  return sort === 'time' ? ['time', 'id'] : ['severity', 'time', 'id'];
}

function after({ sort, order }: AlertQuery, position: Position): Condition {
  const names = sortColumns(sort);
  return {
    sql: `(${names.join(', ')}) ${order === 'asc' ? '>' : '<'} (${names.map(() => '?').join(', ')})`,
    values: names.map((name) => position[name]),
  };
}

function toCount(
  by: CountField,
  { value, label, count }: { value: string | number; label: string; count: number },
): AlertCount {
  if (by === 'rule') return { value: String(value), label, count };
  return { value: by === 'severity' ? severityName(Number(value)) : String(value), count };
}

function severityName(number: number): string {
  return Object.entries(SEVERITY_NUMBER).find(([, known]) => known === number)?.[0] ?? String(number);
}
