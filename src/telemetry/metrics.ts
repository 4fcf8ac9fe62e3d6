import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ERRORS } from '../errors.ts';

/** The value of a label that is not one of those foreseen: whatever a sender invents, the number of series stays bounded. */
export const OTHER = 'other';

const STATUS = /^[1-5]\d\d$/;
const PARTITION = /^\d{1,3}$/;
const HASH = /^[0-9a-f]{12}$/;

/** Every label and the values it may take. `cluster`, `rule` and `exception` are known only at run time: see `Metrics.bound`. */
export const LABELS = {
  input: {
    meaning: 'Way in',
    values: ['audit', 'admission', 'opa', 'gatekeeper', 'kyverno', 'kubewarden', 'file'],
  },
  status: { meaning: 'HTTP status answered', values: STATUS },
  kind: {
    meaning: 'What a record is',
    values: [
      'audit.event',
      'admission.review',
      'google.log-entry',
      'opa.decision',
      'gatekeeper.decision',
      'kyverno.decision',
      'kubewarden.decision',
    ],
  },
  cluster: { meaning: 'Configured cluster', values: 'runtime' },
  rule: { meaning: 'Id of a loaded rule', values: 'runtime' },
  exception: { meaning: 'Id of a loaded exception', values: 'runtime' },
  state: {
    meaning: 'How an exception stands; `ending`: it holds for 14 days at most',
    values: ['not-yet', 'active', 'ending', 'expired'],
  },
  code: { meaning: 'Error code, see errors.md', values: Object.keys(ERRORS) },
  stage: { meaning: 'Stage', values: ['detect', 'correlate', 'index', 'audit-events'] },
  hash: { meaning: 'Hash of what is loaded', values: HASH },
  partition: { meaning: 'Partition of the topic that the stage reads', values: PARTITION },
  severity: {
    meaning: 'Severity of the alert',
    values: ['informational', 'low', 'medium', 'high', 'critical'],
  },
  outcome: {
    meaning: 'What became of the request',
    values: ['admitted', 'denied', 'failed', 'dry-run', 'pending', 'other'],
  },
  limit: {
    meaning: 'Limit of the configuration, under the stage that the metric is of',
    values: [
      'namespaces_max',
      'objects_bytes_max',
      'object_bytes_max',
      'recent_bytes_max',
      'lateness_seconds',
      'lateness_review_seconds',
      'groups_max',
      'signals_per_group_max',
      'baseline_groups_max',
      'baseline_values_per_group_max',
      'evidence_max',
      'incident_alerts_max',
      'incident_bytes_max',
    ],
  },
} as const satisfies Record<
  string,
  { readonly meaning: string; readonly values: readonly string[] | RegExp | 'runtime' }
>;

type Label = keyof typeof LABELS;

/** Labels whose values are known only at run time. */
type RuntimeLabel = 'cluster' | 'rule' | 'exception';

interface MetricSpec {
  readonly name: `gatewatch_${string}`;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** Every metric of Gatewatch's own. `docs/metrics.md` is generated from this table. */
export const METRICS = {
  receiveRequests: {
    name: 'gatewatch_receive_requests_total',
    type: 'counter',
    help: 'Requests answered by an input.',
    labels: ['input', 'status'],
  },
  receiveRecords: {
    name: 'gatewatch_receive_records_total',
    type: 'counter',
    help: 'Records stored in the log.',
    labels: ['kind', 'cluster'],
  },
  receiveBytes: {
    name: 'gatewatch_receive_bytes_total',
    type: 'counter',
    help: 'Bytes of request bodies and followed files, once decompressed.',
    labels: ['input'],
  },
  receiveRefused: {
    name: 'gatewatch_receive_refused_total',
    type: 'counter',
    help: 'Requests refused, by error code; nothing of them was stored.',
    labels: ['code'],
  },
  receiveRedacted: {
    name: 'gatewatch_receive_redacted_total',
    type: 'counter',
    help: 'Records out of which a credential was cut before they were stored; the audit policy should not record it.',
    labels: [],
  },
  receiveDroppedReviews: {
    name: 'gatewatch_receive_dropped_reviews_total',
    type: 'counter',
    help: 'Admission reviews answered but not stored, because the log could not take them in time.',
    labels: [],
  },
  deadLetters: {
    name: 'gatewatch_dead_letters_total',
    type: 'counter',
    help: 'Items put into dead letters, by error code.',
    labels: ['code'],
  },
  logAppendSeconds: {
    name: 'gatewatch_log_append_seconds',
    type: 'histogram',
    help: 'Time in which an append to the log became durable, in seconds.',
    labels: [],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  logBytes: {
    name: 'gatewatch_log_bytes',
    type: 'gauge',
    help: 'Size of the embedded log on disk, in bytes.',
    labels: [],
  },
  logRestoreLostBytes: {
    name: 'gatewatch_log_restore_lost_bytes_total',
    type: 'counter',
    help: 'Entries deleted to make room though a restart would have rebuilt open alerts from them, in bytes: raise log.bytes_max.',
    labels: [],
  },
  consumerLagEntries: {
    name: 'gatewatch_consumer_lag_entries',
    type: 'gauge',
    help: 'Log entries that a stage has yet to process, in each partition that this process has.',
    labels: ['stage', 'partition'],
  },
  restoreSeconds: {
    name: 'gatewatch_restore_seconds',
    type: 'histogram',
    help: 'Time in which a stage rebuilt its state of one partition before it went on, in seconds.',
    labels: ['stage'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900],
  },
  rebalances: {
    name: 'gatewatch_rebalances_total',
    type: 'counter',
    help: "Times that a stage's partitions were shared out among its processes.",
    labels: ['stage'],
  },
  detectRecords: {
    name: 'gatewatch_detect_records_total',
    type: 'counter',
    help: 'Records matched against the rules.',
    labels: [],
  },
  detectSignals: {
    name: 'gatewatch_detect_signals_total',
    type: 'counter',
    help: 'Matches, by rule.',
    labels: ['rule'],
  },
  detectRuleErrors: {
    name: 'gatewatch_detect_rule_errors_total',
    type: 'counter',
    help: 'Records that a rule could not evaluate.',
    labels: ['rule'],
  },
  detectLimitReached: {
    name: 'gatewatch_detect_limit_reached_total',
    type: 'counter',
    help: 'Times that a limit of what is remembered of namespaces and objects was reached, and something was let go.',
    labels: ['limit'],
  },
  exceptionHits: {
    name: 'gatewatch_exception_hits_total',
    type: 'counter',
    help: 'Matches that an exception took away from a rule or correlation.',
    labels: ['exception'],
  },
  exceptions: {
    name: 'gatewatch_exceptions',
    type: 'gauge',
    help: 'Exceptions loaded, by how they stand.',
    labels: ['state'],
  },
  rulesLoaded: {
    name: 'gatewatch_rules_loaded',
    type: 'gauge',
    help: 'Rules and correlations loaded, also those that are switched off.',
    labels: [],
  },
  rulesInfo: {
    name: 'gatewatch_rules_info',
    type: 'gauge',
    help: 'Always 1; the label tells which rules are in force: the same in all processes that have the same.',
    labels: ['hash'],
  },
  rulesReloadFailures: {
    name: 'gatewatch_rules_reload_failures_total',
    type: 'counter',
    help: 'Times that changed rules were refused, so that those before them stayed in force.',
    labels: [],
  },
  eventTimeLagSeconds: {
    name: 'gatewatch_event_time_lag_seconds',
    type: 'gauge',
    help: 'Wall clock minus the event time that a stage has reached, in seconds.',
    labels: ['stage'],
  },
  correlateGroups: {
    name: 'gatewatch_correlate_groups',
    type: 'gauge',
    help: 'Correlation groups held open.',
    labels: [],
  },
  correlateEvictions: {
    name: 'gatewatch_correlate_evictions_total',
    type: 'counter',
    help: 'Correlation groups given up before their window ended, to stay within correlate.groups_max.',
    labels: [],
  },
  correlateLimitReached: {
    name: 'gatewatch_correlate_limit_reached_total',
    type: 'counter',
    help: 'Times that a limit of correlation was reached.',
    labels: ['limit'],
  },
  alerts: {
    name: 'gatewatch_alerts_total',
    type: 'counter',
    help: 'New alerts; revisions are not counted.',
    labels: ['severity', 'outcome'],
  },
  indexAlerts: {
    name: 'gatewatch_index_alerts_total',
    type: 'counter',
    help: 'Alert documents written to the alert store, revisions and changes of their incidents included.',
    labels: [],
  },
  indexIncidentAlerts: {
    name: 'gatewatch_index_incident_alerts',
    type: 'gauge',
    help: 'Alerts held because others may still join their incident.',
    labels: [],
  },
  indexLimitReached: {
    name: 'gatewatch_index_limit_reached_total',
    type: 'counter',
    help: 'Times that a limit of incidents was reached: correlate.incident_alerts_max or index.incident_bytes_max.',
    labels: ['limit'],
  },
  indexExpiryFailures: {
    name: 'gatewatch_index_expiry_failures_total',
    type: 'counter',
    help: 'Times that old alerts could not be deleted; it is tried again each hour.',
    labels: ['code'],
  },
  indexAuditEvents: {
    name: 'gatewatch_index_audit_events_total',
    type: 'counter',
    help: 'Audit events written to the data stream, repetitions included.',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>;

type MetricName = keyof typeof METRICS;
type LabelsOf<Name extends MetricName> = {
  readonly [L in (typeof METRICS)[Name]['labels'][number]]: string | number;
};

/** The keys of the metrics of one type. */
type OfType<Type extends MetricSpec['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** Labels are left out where a metric has none. */
type Arguments<Name extends MetricName> = keyof LabelsOf<Name> extends never
  ? [labels?: Record<string, never>]
  : [labels: LabelsOf<Name>];

type Instrument = Counter | Gauge | Histogram;

/**
 * One process's metrics, with a registry of their own: two instances in one process do not meet. Every label value
 * passes through its bound, so no input can make the number of series grow.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #instruments = new Map<MetricName, Instrument>();
  readonly #runtimeValues = {
    cluster: new Set<string>(),
    rule: new Set<string>(),
    exception: new Set<string>(),
  };

  /** @param options.process adds the metrics of the process and of Node (`process_*`, `nodejs_*`). */
  constructor(options: { process?: boolean } = {}) {
    for (const [key, spec] of Object.entries(METRICS) as [MetricName, MetricSpec][]) {
      const common = {
        name: spec.name,
        help: spec.help,
        labelNames: spec.labels,
        registers: [this.#registry],
      };
      this.#instruments.set(key, make(spec, common));
    }
    if (options.process) collectDefaultMetrics({ register: this.#registry });
  }

  /** Says which clusters, rules or exceptions exist. Their counters start to count; values unknown from now on become `other`. */
  bound(label: RuntimeLabel, values: Iterable<string>): void {
    this.#runtimeValues[label] = new Set(values);
  }

  /** Adds to a counter. */
  count<Name extends OfType<'counter'>>(name: Name, by: number, ...[labels]: Arguments<Name>): void {
    (this.#instruments.get(name) as Counter).inc(this.#bounded(labels), by);
  }

  /** Sets a gauge. */
  set<Name extends OfType<'gauge'>>(name: Name, value: number, ...[labels]: Arguments<Name>): void {
    (this.#instruments.get(name) as Gauge).set(this.#bounded(labels), value);
  }

  /** Forgets the series of a gauge: what is no longer there is no longer told. */
  clear(name: OfType<'gauge'>): void {
    (this.#instruments.get(name) as Gauge).reset();
  }

  /** Adds an observation to a histogram. */
  observe<Name extends OfType<'histogram'>>(name: Name, value: number, ...[labels]: Arguments<Name>): void {
    (this.#instruments.get(name) as Histogram).observe(this.#bounded(labels), value);
  }

  /** Current value of each series of a metric, for the console's health page. */
  async read(name: MetricName): Promise<readonly { labels: Record<string, string>; value: number }[]> {
    const { values } = await this.#instruments.get(name)!.get();
    return values.map(({ labels, value }) => ({ labels: labels as Record<string, string>, value }));
  }

  /** All metrics in prom-client's JSON form, which travels between threads. */
  json(): Promise<object[]> {
    return this.#registry.getMetricsAsJSON();
  }

  /** The text of `/metrics`, and its content type. @param others what another thread's `json` gave, added up with this one's. */
  async expose(others: object[] = []): Promise<{ contentType: string; body: string }> {
    const registry = AggregatorRegistry.aggregate([await this.json(), others]);
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  #bounded(labels: Record<string, string | number> | undefined): Record<string, string> {
    const bounded: Record<string, string> = {};
    for (const [label, value] of Object.entries(labels ?? {})) {
      const text = String(value);
      bounded[label] = this.#foreseen(label as Label, text) ? text : OTHER;
    }
    return bounded;
  }

  #foreseen(label: Label, value: string): boolean {
    const { values } = LABELS[label];
    if (values === 'runtime') return this.#runtimeValues[label as RuntimeLabel].has(value);
    return values instanceof RegExp ? values.test(value) : (values as readonly string[]).includes(value);
  }
}

function make(
  spec: MetricSpec,
  common: { name: string; help: string; labelNames: readonly string[]; registers: Registry[] },
): Instrument {
  switch (spec.type) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
  }
}
