import { line } from '../grid.ts';
import { SEVERITY_COLORS } from './alert-panels.ts';
import { dashboard, section } from './dashboard.ts';
import { bars, lines, stat } from './panels.ts';
import { fastest, growth, METRIC_VARIABLES, most, processes, quantile, rate, total } from './prometheus.ts';

/** Rules whose matches are shown one by one. */
const RULES_MAX = 10;

const SINCE_START = 'Since each process started.';

/** How Gatewatch itself does. */
export const pipeline = dashboard({
  uid: 'gatewatch-pipeline',
  title: 'Gatewatch pipeline',
  description:
    'What Gatewatch receives, how far each stage has come, what it could not take, and what it costs.',
  variables: METRIC_VARIABLES,
  sections: [
    section(
      'Health',
      line(
        4,
        stat({ title: 'Processes', of: 'lastNotNull', targets: [processes()] }),
        stat({
          title: 'Records received',
          of: 'lastNotNull',
          unit: 'rps',
          targets: [rate('gatewatch_receive_records_total')],
        }),
        stat({
          title: 'Entries to process',
          description: 'Of all stages together.',
          of: 'lastNotNull',
          targets: [total('gatewatch_consumer_lag_entries')],
        }),
        stat({
          title: 'Alerts',
          description: SINCE_START,
          of: 'lastNotNull',
          targets: [total('gatewatch_alerts_total')],
        }),
        stat({
          title: 'Dead letters',
          description: SINCE_START,
          of: 'lastNotNull',
          color: 'red',
          targets: [total('gatewatch_dead_letters_total')],
        }),
        stat({
          title: 'Reviews lost',
          description: `Admission reviews that were answered but that the log could not take in time. ${SINCE_START}`,
          of: 'lastNotNull',
          color: 'red',
          targets: [total('gatewatch_receive_dropped_reviews_total')],
        }),
      ),
    ),
    section(
      'Receive',
      line(
        8,
        lines({
          title: 'Requests',
          unit: 'reqps',
          targets: [rate('gatewatch_receive_requests_total', 'input', 'status')],
        }),
        lines({
          title: 'Records',
          unit: 'rps',
          targets: [rate('gatewatch_receive_records_total', 'cluster', 'kind')],
        }),
        lines({ title: 'Bytes', unit: 'Bps', targets: [rate('gatewatch_receive_bytes_total', 'input')] }),
      ),
      line(
        8,
        lines({
          title: 'Refused',
          description:
            'Nothing of these requests was stored. OVERLOADED and 503 are tried again by the sender.',
          unit: 'reqps',
          targets: [rate('gatewatch_receive_refused_total', 'code')],
        }),
        lines({
          title: 'Time until an append is durable',
          unit: 's',
          targets: [0.5, 0.95, 0.99].map((share) => quantile(share, 'gatewatch_log_append_seconds')),
        }),
        lines({
          title: 'Credentials cut out',
          description: 'Records from which a credential was cut: the audit policy should not record it.',
          unit: 'rps',
          targets: [rate('gatewatch_receive_redacted_total')],
        }),
      ),
    ),
    section(
      'Stages',
      line(
        8,
        lines({
          title: 'Entries to process',
          targets: [total('gatewatch_consumer_lag_entries', 'stage', 'partition')],
        }),
        lines({
          title: 'Behind the events',
          description:
            'Wall clock minus the event time that a stage has reached; it stands still while nothing comes.',
          unit: 's',
          targets: [most('gatewatch_event_time_lag_seconds', 'stage')],
        }),
        lines({
          title: 'Done',
          unit: 'ops',
          targets: [
            { ...rate('gatewatch_detect_records_total'), legendFormat: 'records matched' },
            { ...rate('gatewatch_detect_signals_total'), legendFormat: 'signals' },
            { ...rate('gatewatch_index_alerts_total'), legendFormat: 'alerts written' },
            { ...rate('gatewatch_index_audit_events_total'), legendFormat: 'audit events written' },
          ],
        }),
      ),
      line(
        8,
        bars({
          title: 'New alerts by severity',
          colors: SEVERITY_COLORS,
          targets: [growth('gatewatch_alerts_total', 'severity')],
        }),
        lines({
          title: 'Matches by rule',
          description: `The ${RULES_MAX} rules that match most.`,
          unit: 'ops',
          targets: [fastest(RULES_MAX, 'gatewatch_detect_signals_total', 'rule')],
        }),
        lines({
          title: 'Dead letters',
          description: `\`gatewatch dead-letters list\` shows them, \`retry\` puts them back. ${SINCE_START}`,
          targets: [total('gatewatch_dead_letters_total', 'code')],
        }),
      ),
      line(
        8,
        lines({
          title: 'Correlation groups and incidents held open',
          targets: [
            { ...total('gatewatch_correlate_groups'), legendFormat: 'groups' },
            { ...total('gatewatch_index_incident_alerts'), legendFormat: 'alerts of incidents' },
          ],
        }),
        lines({
          title: 'Limits reached',
          description: `Limits of what is remembered of objects, of correlation and of incidents, and the groups given up for one: detections may be missed, and incidents parted. ${SINCE_START}`,
          targets: [
            total('gatewatch_detect_limit_reached_total', 'limit'),
            total('gatewatch_correlate_limit_reached_total', 'limit'),
            total('gatewatch_index_limit_reached_total', 'limit'),
            { ...total('gatewatch_correlate_evictions_total'), legendFormat: 'groups given up' },
          ],
        }),
        lines({
          title: 'Records that a rule could not evaluate',
          description: SINCE_START,
          targets: [total('gatewatch_detect_rule_errors_total', 'rule')],
        }),
        lines({
          title: 'Rules in force',
          description: `How many, in how many processes (more than one hash: not all have taken up the same files yet), and how often changed ones were refused. ${SINCE_START}`,
          targets: [
            { ...most('gatewatch_rules_loaded'), legendFormat: 'rules' },
            { ...total('gatewatch_rules_info', 'hash'), legendFormat: 'processes with {{hash}}' },
            { ...total('gatewatch_rules_reload_failures_total'), legendFormat: 'refused' },
          ],
        }),
      ),
      line(
        8,
        lines({
          title: 'Matches that exceptions took away',
          description: `The ${RULES_MAX} exceptions that take most. \`gatewatch exceptions list\` names them.`,
          unit: 'ops',
          targets: [fastest(RULES_MAX, 'gatewatch_exception_hits_total', 'exception')],
        }),
        lines({
          title: 'Exceptions',
          description: '`ending`: within 14 days.',
          targets: [most('gatewatch_exceptions', 'state')],
        }),
      ),
      line(
        8,
        bars({ title: 'Rebalances', targets: [growth('gatewatch_rebalances_total', 'stage')] }),
        lines({
          title: 'Time to rebuild the state of a partition',
          unit: 's',
          targets: [quantile(0.95, 'gatewatch_restore_seconds', 'stage')],
        }),
        lines({
          title: 'Size of the embedded log',
          unit: 'bytes',
          targets: [
            total('gatewatch_log_bytes', 'instance'),
            {
              ...total('gatewatch_log_restore_lost_bytes_total'),
              legendFormat: 'deleted though a restart needs it',
            },
          ],
        }),
        lines({
          title: 'Old alerts not deleted',
          description: `It is tried again each hour. ${SINCE_START}`,
          targets: [total('gatewatch_index_expiry_failures_total', 'code')],
        }),
      ),
    ),
    section(
      'Processes',
      line(
        8,
        lines({
          title: 'CPU',
          unit: 'percentunit',
          targets: [rate('process_cpu_seconds_total', 'instance')],
        }),
        lines({
          title: 'Memory',
          description: 'Resident, and the part that is JavaScript.',
          unit: 'bytes',
          targets: [
            total('process_resident_memory_bytes', 'instance'),
            { ...total('nodejs_heap_size_used_bytes', 'instance'), legendFormat: '{{instance}} JavaScript' },
          ],
        }),
        lines({
          title: 'Event loop held up',
          description: 'What 99 of 100 turns stay below.',
          unit: 's',
          targets: [most('nodejs_eventloop_lag_p99_seconds', 'instance')],
        }),
        lines({
          title: 'Open files and connections',
          targets: [total('process_open_fds', 'instance')],
        }),
      ),
    ),
  ],
});
