import type { EventTime } from './time.ts';

/** What became of a request at the admission gate. `pending` is known only to have been asked; `other` passed no admission. */
export type Outcome = 'admitted' | 'denied' | 'failed' | 'dry-run' | 'pending' | 'other';

/** One policy or authority that refused a request, as read from the API server's answer. */
export interface Denial {
  /** For example `pod-security`, `validating-admission-policy`, `gatekeeper`, `kyverno`, `webhook`, `rbac`. */
  readonly engine: string;
  readonly policy?: string;
  readonly binding?: string;
  readonly webhook?: string;
  readonly message: string;
}

/** How a request went through admission, as far as the event itself says. */
export interface Admission {
  readonly outcome: Outcome;
  readonly denied_by?: readonly Denial[];
  /** Names of webhooks that could not be reached and were passed over. */
  readonly failed_open?: readonly string[];
  /** Names of webhooks that changed the object. */
  readonly mutated_by?: readonly string[];
}

/** One forbidden setting of a pod, in the words of the Pod Security reference evaluator. */
export interface Violation {
  readonly check: string;
  readonly reason: string;
  readonly detail?: string;
}

/** Violations of a pod-carrying object at each level, judged at the version in force. */
export interface PodSecurity {
  /** Level and version that the API server enforced, for example `baseline:latest`. */
  readonly enforced?: string;
  readonly baseline?: readonly Violation[];
  readonly restricted?: readonly Violation[];
}

/** A namespace's labels before and after a write, and what the change means. */
export interface NamespaceChange {
  readonly labels_before?: Readonly<Record<string, string>>;
  readonly labels_after?: Readonly<Record<string, string>>;
  /** Enforced Pod Security level; absent in `before` if it was never seen. */
  readonly enforce_before?: string;
  readonly enforce_after?: string;
  /** What changed, for example `enforce-lowered`, `enforce-removed`, `exemption-added`. */
  readonly changes: readonly string[];
}

/** One record that a signal or alert rests on. */
export interface Evidence {
  readonly record_id: string;
  readonly audit_id?: string;
  readonly stage: string;
  readonly source: 'audit' | 'review';
  /** RFC 3339; absent if the record carries no usable time. */
  readonly time?: string;
  readonly verb?: string;
  readonly uri?: string;
  readonly user?: string;
  readonly outcome: Outcome;
}

/** What a person wants to know of a matched request; every field is bounded in length. */
export interface Facts {
  readonly user?: string;
  readonly groups?: readonly string[];
  /** The identity taken on by impersonation; `user` is who did so. */
  readonly acting_as?: string;
  readonly source_ip?: string;
  readonly user_agent?: string;
  readonly verb?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly api_group?: string;
  readonly api_version?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly code?: number;
  readonly message?: string;
}

/** One match of one rule, addressed to the one rule or correlation that consumes it. */
export interface Signal {
  /** Identity of the match: rule and request. A later stage of the same request revises the signal, it does not add one. */
  readonly id: string;
  /** Id of the rule that matched. */
  readonly rule: string;
  /** Id of the rule (for its own alert) or correlation rule that this copy is for. */
  readonly target: string;
  readonly cluster: string;
  /** Values of the target's group-by fields, in its order. */
  readonly group: readonly string[];
  /** Event time; absent if the record carries none that can be believed. */
  readonly time?: EventTime;
  /** When the API server received the request: unlike `time` the same for all its stages. Absent where `time` is. */
  readonly began?: EventTime;
  /** Wall-clock arrival in Unix milliseconds, used only to date an alert whose records carry no time. */
  readonly received_ms: number;
  /** Order of the stages of one request: the highest rank is what the request came to. */
  readonly rank: number;
  /** Ids of signals about the same request from another source, which this one replaces. */
  readonly replaces?: readonly string[];
  /** Values of the fields that a correlation compares between its steps. */
  readonly values?: Readonly<Record<string, string>>;
  readonly facts: Facts;
  readonly admission: Admission;
  readonly pod_security?: PodSecurity;
  readonly namespace?: NamespaceChange;
  readonly evidence: Evidence;
  /** What the source could not tell, for example `truncated`. */
  readonly limits?: readonly string[];
}
