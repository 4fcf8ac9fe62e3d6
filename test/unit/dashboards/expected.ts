import type { Alert } from '../../../src/record/alert.ts';
import type { Values } from './counted.ts';

/** What a panel is to show: counts by values, or the alerts themselves. */
export interface Expectation {
  readonly where?: (alert: Alert) => boolean;
  readonly by?: readonly Values[];
  /** Counted at each time, too. */
  readonly overTime?: true;
  /** Alerts, newest first, at most so many. */
  readonly newest?: number;
}

const severity: Values = ({ gatewatch }) => [gatewatch.level];
const outcome: Values = ({ gatewatch }) => [gatewatch.outcome];
const status: Values = ({ gatewatch }) => [gatewatch.status];
const detection: Values = ({ gatewatch }) => [gatewatch.detection_id];
const rule: Values = ({ rule }) => [rule.name];
const tactic: Values = ({ threat }) => threat?.tactic?.name ?? [];
const technique: Values = ({ threat }) => threat?.technique?.id ?? [];
const cluster: Values = ({ orchestrator }) => [orchestrator.cluster.name];
const namespace: Values = ({ orchestrator }) => [orchestrator.namespace];
const kind: Values = ({ orchestrator }) => [orchestrator.resource?.type];
const object: Values = ({ orchestrator }) => [orchestrator.resource?.name];
const actor: Values = ({ user }) => [user?.name];
const address: Values = ({ source }) => [source?.ip];
const engine: Values = ({ gatewatch }) => denials(gatewatch).map(({ engine }) => engine);
const policy: Values = ({ gatewatch }) => denials(gatewatch).map(({ policy }) => policy);
const webhook: Values = ({ gatewatch }) => denials(gatewatch).map(({ webhook }) => webhook);
const binding: Values = ({ gatewatch }) => denials(gatewatch).map(({ binding }) => binding);
const failedOpen: Values = ({ gatewatch }) => gatewatch.admission?.failed_open ?? [];
const mutatedBy: Values = ({ gatewatch }) => gatewatch.admission?.mutated_by ?? [];
const baseline: Values = ({ gatewatch }) => gatewatch.pod_security?.baseline?.map(({ check }) => check) ?? [];
const restricted: Values = ({ gatewatch }) =>
  gatewatch.pod_security?.restricted?.map(({ check }) => check) ?? [];
const enforced: Values = ({ gatewatch }) => [gatewatch.pod_security?.enforced];
const change: Values = ({ gatewatch }) => gatewatch.namespace?.changes ?? [];
const before: Values = ({ gatewatch }) => [gatewatch.namespace?.enforce_before];
const after: Values = ({ gatewatch }) => [gatewatch.namespace?.enforce_after];

const severe = (alert: Alert) => alert.event.severity >= 73;
const isDenied = ({ gatewatch }: Alert) => gatewatch.outcome === 'denied';
const isAdmitted = ({ gatewatch }: Alert) => gatewatch.outcome === 'admitted';
const violating = (alert: Alert) => isAdmitted(alert) && baseline(alert).length > 0;
const isOpenFailure = (alert: Alert) => failedOpen(alert).length > 0;
const isMutated = (alert: Alert) => mutatedBy(alert).length > 0;
const isNamespaceChange = (alert: Alert) => change(alert).length > 0;
const isWeakening = (alert: Alert) => technique(alert).includes('T1562.001');
const has = (wanted: string) => (alert: Alert) => status(alert).includes(wanted);

/** The level that an admitted pod violates; what violates baseline violates restricted besides. */
const violated: Values = (alert) => {
  if (baseline(alert).length > 0) return ['baseline'];
  return restricted(alert).length > 0 ? ['restricted'] : [];
};

/** By dashboard, section and title. */
export const GRAFANA: Readonly<Record<string, Expectation>> = {
  'Gatewatch alerts: Alerts: Alerts': { overTime: true },
  'Gatewatch alerts: Alerts: Critical and high': { where: severe, overTime: true },
  'Gatewatch alerts: Alerts: Admitted': { where: isAdmitted, overTime: true },
  'Gatewatch alerts: Alerts: Open': { where: has('open'), overTime: true },
  'Gatewatch alerts: Alerts: Acknowledged': { where: has('acknowledged'), overTime: true },
  'Gatewatch alerts: Alerts: Closed': { where: has('closed'), overTime: true },
  'Gatewatch alerts: Alerts: By severity': { by: [severity], overTime: true },
  'Gatewatch alerts: Alerts: By outcome': { by: [outcome], overTime: true },
  'Gatewatch alerts: Alerts: Newest alerts': { newest: 100 },
  'Gatewatch alerts: What: Rules': { by: [rule, severity] },
  'Gatewatch alerts: What: Detections': { by: [detection, outcome] },
  'Gatewatch alerts: What: ATT&CK tactics': { by: [tactic] },
  'Gatewatch alerts: What: ATT&CK techniques': { by: [technique] },
  'Gatewatch alerts: What: Kinds of objects': { by: [kind] },
  'Gatewatch alerts: What: Status': { by: [status] },
  'Gatewatch alerts: Where and who: Clusters': { by: [cluster] },
  'Gatewatch alerts: Where and who: Namespaces': { by: [namespace] },
  'Gatewatch alerts: Where and who: Actors': { by: [actor] },
  'Gatewatch alerts: Where and who: Addresses': { by: [address] },

  'Gatewatch admission: Decisions: Denied': { where: isDenied, overTime: true },
  'Gatewatch admission: Decisions: Admitted in violation of baseline': { where: violating, overTime: true },
  'Gatewatch admission: Decisions: Failed open': { where: isOpenFailure, overTime: true },
  'Gatewatch admission: Decisions: Mutated': { where: isMutated, overTime: true },
  'Gatewatch admission: Decisions: Weakenings': { where: isWeakening, overTime: true },
  'Gatewatch admission: Decisions: Namespaces changed': { where: isNamespaceChange, overTime: true },
  'Gatewatch admission: Decisions: By outcome': { by: [outcome], overTime: true },
  'Gatewatch admission: Decisions: Denials by engine': { where: isDenied, by: [engine], overTime: true },
  'Gatewatch admission: Denials: By engine': { where: isDenied, by: [engine] },
  'Gatewatch admission: Denials: By policy': { where: isDenied, by: [policy] },
  'Gatewatch admission: Denials: By webhook': { where: isDenied, by: [webhook] },
  'Gatewatch admission: Denials: By binding': { where: isDenied, by: [binding] },
  'Gatewatch admission: Denials: By namespace': { where: isDenied, by: [namespace] },
  'Gatewatch admission: Denials: By actor': { where: isDenied, by: [actor] },
  'Gatewatch admission: Denials: By violation of baseline': { where: isDenied, by: [baseline] },
  'Gatewatch admission: Let through: Admitted in violation of Pod Security': {
    where: isAdmitted,
    by: [violated],
    overTime: true,
  },
  'Gatewatch admission: Let through: Failed open, by webhook': { by: [failedOpen], overTime: true },
  'Gatewatch admission: Let through: Violations of baseline admitted': { where: violating, by: [baseline] },
  'Gatewatch admission: Let through: Level in force then': { where: violating, by: [enforced] },
  'Gatewatch admission: Let through: By namespace': { where: violating, by: [namespace] },
  'Gatewatch admission: Let through: Webhooks that failed open': { where: isOpenFailure, by: [failedOpen] },
  'Gatewatch admission: Let through: Webhooks that changed the object': { where: isMutated, by: [mutatedBy] },
  'Gatewatch admission: Weakened: By rule': { where: isWeakening, by: [rule, outcome] },
  'Gatewatch admission: Weakened: By actor': { where: isWeakening, by: [actor] },
  'Gatewatch admission: Weakened: By object': { where: isWeakening, by: [kind, object] },
  'Gatewatch admission: Weakened: Changes of namespaces': { where: isNamespaceChange, by: [change] },
  'Gatewatch admission: Weakened: Enforced level, before and after': {
    where: isNamespaceChange,
    by: [before, after],
  },
  'Gatewatch admission: Weakened: Namespaces': { where: isNamespaceChange, by: [namespace] },
  'Gatewatch admission: Weakened: Newest weakenings': { where: isWeakening, newest: 100 },
};

/** By title. */
export const KIBANA: Readonly<Record<string, Expectation>> = {
  Alerts: { by: [] },
  'Critical and high': { where: severe, by: [] },
  Open: { where: has('open'), by: [] },
  Denied: { where: isDenied, by: [] },
  'Admitted in violation of baseline': { where: violating, by: [] },
  'Weakenings of the gate': { where: isWeakening, by: [] },
  'By severity': { by: [severity], overTime: true },
  'By outcome': { by: [outcome], overTime: true },
  'Newest alerts': { newest: 500 },
  Rules: { by: [rule, severity] },
  Detections: { by: [detection] },
  'ATT&CK techniques': { by: [technique] },
  Clusters: { by: [cluster] },
  Namespaces: { by: [namespace] },
  Actors: { by: [actor] },
  Addresses: { by: [address] },
  'Denials by engine': { where: isDenied, by: [engine] },
  'Denials by policy': { where: isDenied, by: [policy] },
  'Webhooks that failed open': { where: isOpenFailure, by: [failedOpen] },
  'Violations of baseline admitted': { where: violating, by: [baseline] },
  'Weakenings by rule': { where: isWeakening, by: [rule, outcome] },
  'Changes of namespaces': { where: isNamespaceChange, by: [change] },
  'Enforced level, before and after': { where: isNamespaceChange, by: [before, after] },
};

function denials({ admission }: Alert['gatewatch']) {
  return admission?.denied_by ?? [];
}
