import type {
  Actor,
  Admission,
  Evidence,
  NamespaceChange,
  Outcome,
  PodSecurity,
  PolicyChange,
  Violation,
} from './signal.ts';

export type Severity = 'informational' | 'low' | 'medium' | 'high' | 'critical';

/** `event.severity` of each Sigma level. */
export const SEVERITY_NUMBER: Readonly<Record<Severity, number>> = {
  informational: 1,
  low: 21,
  medium: 47,
  high: 73,
  critical: 99,
};

export type AlertStatus = 'open' | 'acknowledged' | 'closed' | 'withdrawn';

/** What a group had not shown before. */
export interface NewValue {
  /** Names of the fields whose values are new together, and the values, '' for one that was absent. */
  readonly field: readonly string[];
  readonly value: readonly string[];
  /** Beginning of the cluster's baseline, RFC 3339. */
  readonly learned_since: string;
  /** Day (YYYY-MM-DD, UTC) on which the group last showed the value; absent if it is not remembered to have. */
  readonly last_seen?: string;
}

/** Something that was admitted while protection was weakened. */
export interface LetThrough {
  /** RFC 3339. */
  readonly time?: string;
  readonly namespace?: string;
  readonly resource?: string;
  readonly name?: string;
  /** Who asked, and who is behind it. */
  readonly user?: string;
  readonly author?: string;
  /** What the former setting would have refused, as far as that can be told. */
  readonly violations?: readonly Violation[];
  /** Webhooks that were passed over. */
  readonly failed_open?: readonly string[];
}

/** The exception that says that nobody has to look at an alert. */
export interface AlertException {
  readonly id: string;
  readonly title: string;
  readonly owner: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly expires: string;
}

/** One alert of an incident. */
export interface IncidentMember {
  readonly id: string;
  /** Name of its rule. */
  readonly rule: string;
  readonly level: Severity;
  readonly outcome: Outcome;
  /** When it began, RFC 3339. */
  readonly time: string;
}

/** Alerts of one actor that follow each other: what happened, as far as can be told. */
export interface Incident {
  readonly id: string;
  /** How many alerts it has. */
  readonly count: number;
  /** The highest of its alerts. */
  readonly level: Severity;
  /** When the first of them began and the last one ended, RFC 3339. */
  readonly start: string;
  readonly end: string;
  /** What happened, in order, in one sentence. */
  readonly message: string;
  /** In order; of many the first and the last. */
  readonly members: readonly IncidentMember[];
}

/** The part of an alert that is ours; everything else is Elastic Common Schema. */
export interface GatewatchFields {
  readonly detection_id?: string;
  readonly outcome: Outcome;
  /** Grows with every revision; a store keeps the highest. */
  readonly version: number;
  /** Distinct matches that the alert stands for. */
  readonly count: number;
  /** Matches that are counted but not listed in `evidence`. */
  readonly suppressed?: number;
  readonly actor?: Actor;
  readonly admission?: Admission;
  readonly pod_security?: PodSecurity;
  readonly namespace?: NamespaceChange;
  readonly policy?: PolicyChange;
  readonly baseline?: NewValue;
  /** Of a sequence: what was admitted while protection was weakened, and would not have been before. */
  readonly blast_radius?: readonly LetThrough[];
  /** What may belong there too: whether what was weakened had a say in its namespace cannot be told. */
  readonly blast_radius_uncertain?: readonly LetThrough[];
  /** What took the matches away from the rule or correlation that the alert names. */
  readonly exception?: AlertException;
  /** The alerts of the same actor around this one; absent if it stands alone. */
  readonly incident?: Incident;
  /** Grows when the incident changes, or the alert joins or leaves one; of equal versions a store keeps the highest. Absent: 0. */
  readonly incident_version?: number;
  readonly evidence: readonly Evidence[];
  readonly limits?: readonly string[];
  readonly status: AlertStatus;
  readonly level: Severity;
}

/** The alert document: ECS 9.4, one per alert id. Fields that nothing can fill are absent. */
export interface Alert {
  readonly '@timestamp': string;
  readonly ecs: { readonly version: string };
  readonly message: string;
  readonly event: {
    readonly kind: 'alert';
    readonly id: string;
    readonly category: readonly string[];
    readonly type: readonly string[];
    readonly action?: string;
    readonly outcome: 'success' | 'failure' | 'unknown';
    readonly severity: number;
    readonly start?: string;
    readonly end?: string;
    readonly module: 'gatewatch';
    readonly dataset: 'gatewatch.alert';
    readonly provider: 'kubernetes';
  };
  readonly rule: {
    readonly id: string;
    readonly name: string;
    readonly description?: string;
    readonly reference?: string;
    readonly author?: readonly string[];
    readonly ruleset: string;
  };
  readonly threat?: {
    readonly framework: 'MITRE ATT&CK';
    readonly tactic?: { readonly id: readonly string[]; readonly name: readonly string[] };
    readonly technique?: { readonly id: readonly string[]; readonly name?: readonly string[] };
  };
  readonly orchestrator: {
    readonly type: 'kubernetes';
    readonly cluster: { readonly name: string };
    readonly namespace?: string;
    readonly api_version?: string;
    readonly resource?: { readonly type?: string; readonly name?: string };
  };
  readonly user?: { readonly name: string; readonly roles?: readonly string[] };
  readonly source?: { readonly ip: string };
  readonly user_agent?: { readonly original: string };
  readonly related?: { readonly user?: readonly string[]; readonly ip?: readonly string[] };
  readonly gatewatch: GatewatchFields;
}
