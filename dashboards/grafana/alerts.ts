import { line } from '../grid.ts';
import { newestAlerts, OUTCOME_COLORS, ranked, SEVERITY_COLORS } from './alert-panels.ts';
import { dashboard, section } from './dashboard.ts';
import { ALERT_VARIABLES, overTime } from './elasticsearch.ts';
import { bars, stat } from './panels.ts';

/** What happened, where, and who did it. */
export const alerts = dashboard({
  uid: 'gatewatch-alerts',
  title: 'Gatewatch alerts',
  description: 'Alerts of Gatewatch: how many and how severe, about what, where, and by whom.',
  variables: ALERT_VARIABLES,
  sections: [
    section(
      'Alerts',
      line(
        4,
        stat({ title: 'Alerts', targets: [overTime()] }),
        stat({
          title: 'Critical and high',
          color: 'red',
          targets: [overTime({ query: 'gatewatch.level:(critical OR high)' })],
        }),
        stat({
          title: 'Admitted',
          description: 'The API server did what was asked.',
          color: 'orange',
          targets: [overTime({ query: 'gatewatch.outcome:admitted' })],
        }),
        stat({ title: 'Open', targets: [overTime({ query: 'gatewatch.status:open' })] }),
        stat({
          title: 'Acknowledged',
          description: 'Somebody has taken it.',
          targets: [overTime({ query: 'gatewatch.status:acknowledged' })],
        }),
        stat({ title: 'Closed', color: 'green', targets: [overTime({ query: 'gatewatch.status:closed' })] }),
      ),
      line(
        9,
        bars({
          title: 'By severity',
          colors: SEVERITY_COLORS,
          targets: [overTime({ by: 'gatewatch.level' })],
        }),
        bars({
          title: 'By outcome',
          colors: OUTCOME_COLORS,
          targets: [overTime({ by: 'gatewatch.outcome' })],
        }),
      ),
      line(12, newestAlerts('Newest alerts')),
    ),
    section(
      'What',
      line(
        9,
        ranked('Rules', { Rule: 'rule.name', Severity: 'gatewatch.level' }),
        ranked('Detections', { Detection: 'gatewatch.detection_id', Outcome: 'gatewatch.outcome' }),
      ),
      line(
        8,
        ranked('ATT&CK tactics', { Tactic: 'threat.tactic.name' }),
        ranked('ATT&CK techniques', { Technique: 'threat.technique.id' }),
        ranked('Kinds of objects', { Object: 'orchestrator.resource.type' }),
        ranked('Status', { Status: 'gatewatch.status' }),
      ),
    ),
    section(
      'Where and who',
      line(
        9,
        ranked('Clusters', { Cluster: 'orchestrator.cluster.name' }),
        ranked('Namespaces', { Namespace: 'orchestrator.namespace' }),
        ranked('Actors', { Actor: 'user.name' }),
        ranked('Addresses', { Address: 'source.ip' }),
      ),
    ),
  ],
});
