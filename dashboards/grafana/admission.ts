import { line } from '../grid.ts';
import { newestAlerts, OUTCOME_COLORS, ranked } from './alert-panels.ts';
import { dashboard, section } from './dashboard.ts';
import { ALERT_VARIABLES, overTime, overTimeEach } from './elasticsearch.ts';
import { bars, stat } from './panels.ts';

const DENIED = 'gatewatch.outcome:denied';
const ADMITTED = 'gatewatch.outcome:admitted';
const FAILED_OPEN = '_exists_:gatewatch.admission.failed_open';
const MUTATED = '_exists_:gatewatch.admission.mutated_by';
const NAMESPACE_CHANGED = '_exists_:gatewatch.namespace.changes';
const BASELINE = '_exists_:gatewatch.pod_security.baseline.check';
const RESTRICTED = '_exists_:gatewatch.pod_security.restricted.check';

/** Rules about the gate itself, from webhooks and policies to labels of namespaces, have this technique: Disable or Modify Tools. */
const WEAKENING = 'threat.technique.id:"T1562.001"';

/** What the gate decided, what it let through, and who weakened it. */
export const admission = dashboard({
  uid: 'gatewatch-admission',
  title: 'Gatewatch admission',
  description:
    'What policies refused, what went past them, and how they were weakened. Alerts are counted, not requests: one request can raise several.',
  variables: ALERT_VARIABLES,
  sections: [
    section(
      'Decisions',
      line(
        4,
        stat({ title: 'Denied', color: 'green', targets: [overTime({ query: DENIED })] }),
        stat({
          title: 'Admitted in violation of baseline',
          color: 'red',
          targets: [overTime({ query: `${ADMITTED} AND ${BASELINE}` })],
        }),
        stat({ title: 'Failed open', color: 'red', targets: [overTime({ query: FAILED_OPEN })] }),
        stat({ title: 'Mutated', targets: [overTime({ query: MUTATED })] }),
        stat({ title: 'Weakenings', color: 'orange', targets: [overTime({ query: WEAKENING })] }),
        stat({
          title: 'Namespaces changed',
          color: 'orange',
          targets: [overTime({ query: NAMESPACE_CHANGED })],
        }),
      ),
      line(
        9,
        bars({
          title: 'By outcome',
          colors: OUTCOME_COLORS,
          targets: [overTime({ by: 'gatewatch.outcome' })],
        }),
        bars({
          title: 'Denials by engine',
          targets: [overTime({ by: 'gatewatch.admission.denied_by.engine', query: DENIED })],
        }),
      ),
    ),
    section(
      'Denials',
      line(
        8,
        ranked('By engine', { Engine: 'gatewatch.admission.denied_by.engine' }, DENIED),
        ranked('By policy', { Policy: 'gatewatch.admission.denied_by.policy' }, DENIED),
        ranked('By webhook', { Webhook: 'gatewatch.admission.denied_by.webhook' }, DENIED),
        ranked('By binding', { Binding: 'gatewatch.admission.denied_by.binding' }, DENIED),
      ),
      line(
        8,
        ranked('By namespace', { Namespace: 'orchestrator.namespace' }, DENIED),
        ranked('By actor', { Actor: 'user.name' }, DENIED),
        ranked('By violation of baseline', { Check: 'gatewatch.pod_security.baseline.check' }, DENIED),
      ),
    ),
    section(
      'Let through',
      line(
        9,
        bars({
          title: 'Admitted in violation of Pod Security',
          description:
            'Judged at the version in force. What violates baseline violates restricted too, and is counted under baseline only.',
          colors: { baseline: 'red', restricted: 'yellow' },
          targets: [
            overTimeEach({ baseline: BASELINE, restricted: `${RESTRICTED} AND NOT ${BASELINE}` }, ADMITTED),
          ],
        }),
        bars({
          title: 'Failed open, by webhook',
          description: 'The webhook could not be reached, and its failure policy let the request through.',
          targets: [overTime({ by: 'gatewatch.admission.failed_open', query: FAILED_OPEN })],
        }),
      ),
      line(
        8,
        ranked(
          'Violations of baseline admitted',
          { Check: 'gatewatch.pod_security.baseline.check' },
          `${ADMITTED} AND ${BASELINE}`,
        ),
        ranked(
          'Level in force then',
          { Enforced: 'gatewatch.pod_security.enforced' },
          `${ADMITTED} AND ${BASELINE}`,
        ),
        ranked('By namespace', { Namespace: 'orchestrator.namespace' }, `${ADMITTED} AND ${BASELINE}`),
      ),
      line(
        8,
        ranked('Webhooks that failed open', { Webhook: 'gatewatch.admission.failed_open' }, FAILED_OPEN),
        ranked('Webhooks that changed the object', { Webhook: 'gatewatch.admission.mutated_by' }, MUTATED),
      ),
    ),
    section(
      'Weakened',
      line(
        8,
        ranked('By rule', { Rule: 'rule.name', Outcome: 'gatewatch.outcome' }, WEAKENING),
        ranked('By actor', { Actor: 'user.name' }, WEAKENING),
        ranked(
          'By object',
          { Kind: 'orchestrator.resource.type', Name: 'orchestrator.resource.name' },
          WEAKENING,
        ),
      ),
      line(
        8,
        ranked('Changes of namespaces', { Change: 'gatewatch.namespace.changes' }, NAMESPACE_CHANGED),
        ranked(
          'Enforced level, before and after',
          { Before: 'gatewatch.namespace.enforce_before', After: 'gatewatch.namespace.enforce_after' },
          NAMESPACE_CHANGED,
        ),
        ranked('Namespaces', { Namespace: 'orchestrator.namespace' }, NAMESPACE_CHANGED),
      ),
      line(12, newestAlerts('Newest weakenings', WEAKENING)),
    ),
  ],
});
