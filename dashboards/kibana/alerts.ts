import { line } from '../grid.ts';
import { Lens } from './lens.ts';
import {
  dashboard,
  dataView,
  type Filter,
  type SavedObject,
  savedSearch,
  searchPanel,
} from './saved-objects.ts';

const alertsView = dataView({
  id: 'gatewatch-alerts',
  name: 'Gatewatch alerts',
  indices: 'logs-gatewatch.alerts-*',
  labels: {
    message: 'Alert',
    'event.id': 'Id',
    'gatewatch.level': 'Severity',
    'gatewatch.outcome': 'Outcome',
    'gatewatch.count': 'Times',
    'gatewatch.status': 'Status',
    'gatewatch.detection_id': 'Detection',
    'rule.name': 'Rule',
    'user.name': 'Actor',
    'orchestrator.cluster.name': 'Cluster',
    'orchestrator.namespace': 'Namespace',
  },
  formats: {
    'event.id': { id: 'url', params: { type: 'a', urlTemplate: 'http://localhost:8480/alerts/{{value}}' } },
  },
});

const auditEventsView = dataView({
  id: 'gatewatch-audit-events',
  name: 'Kubernetes audit events',
  indices: 'logs-kubernetes.audit_logs-*',
});

/** A withdrawn alert was issued again as another, or was none: it counts nowhere. */
const NOT_WITHDRAWN: Filter = {
  field: 'gatewatch.status',
  value: 'withdrawn',
  negate: true,
  label: 'Not withdrawn',
};

const alertsSearch = savedSearch({
  id: 'gatewatch-alerts',
  title: 'Gatewatch alerts',
  description: 'Alerts of Gatewatch, newest first.',
  dataView: alertsView.id,
  filters: [NOT_WITHDRAWN],
  columns: [
    'gatewatch.level',
    'message',
    'orchestrator.cluster.name',
    'orchestrator.namespace',
    'user.name',
    'gatewatch.outcome',
    'gatewatch.count',
    'gatewatch.status',
    'event.id',
  ],
});

const lens = new Lens(alertsView.id);

const DENIED = 'gatewatch.outcome : "denied"';
const ADMITTED = 'gatewatch.outcome : "admitted"';
const BASELINE = 'gatewatch.pod_security.baseline.check : *';
const NAMESPACE_CHANGED = 'gatewatch.namespace.changes : *';
const WEAKENING = 'threat.technique.id : "T1562.001"';

const alertsDashboard = dashboard({
  id: 'gatewatch-alerts',
  title: 'Gatewatch alerts',
  description:
    'Alerts of Gatewatch and what they say of admission. Alerts are counted, not requests: one request can raise several.',
  dataView: alertsView.id,
  filters: [NOT_WITHDRAWN],
  controls: {
    Cluster: 'orchestrator.cluster.name',
    Namespace: 'orchestrator.namespace',
    Severity: 'gatewatch.level',
    Actor: 'user.name',
  },
  lines: [
    line(
      6,
      lens.metric('Alerts'),
      lens.metric('Critical and high', 'gatewatch.level : "critical" or gatewatch.level : "high"'),
      lens.metric('Open', 'gatewatch.status : "open"'),
      lens.metric('Denied', DENIED),
      lens.metric('Admitted in violation of baseline', `${ADMITTED} and ${BASELINE}`),
      lens.metric('Weakenings of the gate', WEAKENING),
    ),
    line(
      12,
      lens.overTime('By severity', 'gatewatch.level'),
      lens.overTime('By outcome', 'gatewatch.outcome'),
    ),
    line(18, searchPanel('Newest alerts', alertsSearch)),
    line(
      14,
      lens.ranking('Rules', { Rule: 'rule.name', Severity: 'gatewatch.level' }),
      lens.ranking('Detections', { Detection: 'gatewatch.detection_id' }),
      lens.ranking('ATT&CK techniques', { Technique: 'threat.technique.id' }),
    ),
    line(
      14,
      lens.ranking('Clusters', { Cluster: 'orchestrator.cluster.name' }),
      lens.ranking('Namespaces', { Namespace: 'orchestrator.namespace' }),
      lens.ranking('Actors', { Actor: 'user.name' }),
      lens.ranking('Addresses', { Address: 'source.ip' }),
    ),
    line(
      14,
      lens.ranking('Denials by engine', { Engine: 'gatewatch.admission.denied_by.engine' }, DENIED),
      lens.ranking('Denials by policy', { Policy: 'gatewatch.admission.denied_by.policy' }, DENIED),
      lens.ranking(
        'Webhooks that failed open',
        { Webhook: 'gatewatch.admission.failed_open' },
        'gatewatch.admission.failed_open : *',
      ),
      lens.ranking(
        'Violations of baseline admitted',
        { Check: 'gatewatch.pod_security.baseline.check' },
        `${ADMITTED} and ${BASELINE}`,
      ),
    ),
    line(
      14,
      lens.ranking('Weakenings by rule', { Rule: 'rule.name', Outcome: 'gatewatch.outcome' }, WEAKENING),
      lens.ranking('Changes of namespaces', { Change: 'gatewatch.namespace.changes' }, NAMESPACE_CHANGED),
      lens.ranking(
        'Enforced level, before and after',
        { Before: 'gatewatch.namespace.enforce_before', After: 'gatewatch.namespace.enforce_after' },
        NAMESPACE_CHANGED,
      ),
    ),
  ],
});

/** All that Kibana imports, what is referred to first. */
export const savedObjects: readonly SavedObject[] = [
  alertsView,
  auditEventsView,
  alertsSearch,
  alertsDashboard,
];
