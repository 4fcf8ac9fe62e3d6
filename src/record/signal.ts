import type { EngineName } from './engine.ts';
import type { NamespaceScope } from './namespace-scope.ts';
import { contentId } from './record.ts';
import type { EventTime } from './time.ts';

/** What became of a request at the admission gate. `pending` is known only to have been asked; `other` passed no admission. */
export const OUTCOMES = ['admitted', 'denied', 'failed', 'dry-run', 'pending', 'other'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One policy or authority that refused a request, as read from the API server's answer. */
export interface Denial {
  /** For example `pod-security`, `validating-admission-policy`, `gatekeeper`, `kyverno`, `webhook`, `rbac`. */
  readonly engine: string;
  readonly policy?: string;
  readonly binding?: string;
  readonly webhook?: string;
  readonly message: string;
}

/** What a policy engine says that it decided. */
export interface ToldDecision {
  readonly engine: EngineName;
  readonly verdict?: 'allow' | 'deny';
  readonly policy?: readonly string[];
  readonly message?: string;
}

/** How a request went through admission, as far as its records say. */
export interface Admission {
  readonly outcome: Outcome;
  readonly denied_by?: readonly Denial[];
  /** Names of webhooks that could not be reached and were passed over. */
  readonly failed_open?: readonly string[];
  /** Names of webhooks that changed the object. */
  readonly mutated_by?: readonly string[];
  /** What policy engines say themselves, whether or not they were heard. */
  readonly decisions?: readonly ToldDecision[];
}

/** Who asked, and who is behind it as far as the stream has shown. */
export interface Actor {
  /** `person`, `service-account`, `controller`, `node`, `control-plane`, `anonymous` or `unknown`. */
  readonly kind: string;
  /** The person or pipeline at the end of the chain; absent if a controller asked and nobody is known behind it. */
  readonly author?: string;
  /** From who asked to who is behind it: users, and the objects that made them act (`ReplicaSet/web-7b8`). */
  readonly chain: readonly string[];
  /** Field managers of the object besides the control plane's own: a hint, because a client chooses its name. */
  readonly managers?: readonly string[];
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
  /** Other labels that are changed, by which selectors of webhooks and policies may choose; absent if none is. */
  readonly relabelled?: readonly string[];
  /** All labels are what they were before the last change of them. */
  readonly put_back?: true;
}

/** What a write does to the protection that a policy gives, by weight: any weakening makes the whole one, what is for a person to judge is next. */
export const POLICY_EFFECTS = ['weakened', 'unclear', 'strengthened', 'neutral'] as const;
export type PolicyEffect = (typeof POLICY_EFFECTS)[number];

/** The word for a change by which something is again as it was. */
export const PUT_BACK = 'put-back';

/** What a write changes in admission control itself: a webhook configuration, a policy, a binding, an exemption. */
export interface PolicyChange {
  /** Whose it is: `webhook`, `admission-policy`, `gatekeeper`, `kyverno`, `kubewarden`, `opa`. */
  readonly engine: string;
  readonly effect: PolicyEffect;
  /** Stable words, for example `failure-policy-ignore`. */
  readonly changes: readonly string[];
  /** Short sentences, the weightiest first. */
  readonly reasons: readonly string[];
  /** Of a weakening: in which namespaces pods and workloads were refused by it before; absent if that is not known. */
  readonly namespaces?: readonly NamespaceScope[];
  /** And in which they are as before. */
  readonly still?: readonly NamespaceScope[];
}

/** What told of a request: its audit event, the observing webhook's review, or a policy engine. */
export const SOURCES = ['audit', 'review', 'decision'] as const;
export type Source = (typeof SOURCES)[number];

/** One record that a signal or alert rests on. */
export interface Evidence {
  readonly record_id: string;
  readonly audit_id?: string;
  readonly stage: string;
  readonly source: Source;
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
  /** What a connection into a pod, or through a node's kubelet, runs. */
  readonly command?: string;
  readonly code?: number;
  readonly message?: string;
}

/** A correlation through which another one sees a match: that one evaluates it, among the matches of its own group. */
export interface Through {
  /** Its id. */
  readonly correlation: string;
  /** Values of its group-by fields, in its order. */
  readonly group: readonly string[];
  /** Values of the fields that it looks at. */
  readonly values?: Readonly<Record<string, string>>;
}

/** What became of a match that an exception took away from the rule or correlation that would have consumed it. */
export interface Excepted {
  /** Id of the exception. */
  readonly by: string;
  /** Id of the rule or correlation. */
  readonly target: string;
}

/** The consumer of what an exception takes away from another one: an id that no other pair, and no rule, has. */
export function exceptedTarget({ by, target }: Excepted): string {
  return JSON.stringify([by, target]);
}

/** One match of one rule, addressed to the one rule or correlation that consumes it. */
export interface Signal {
  /** Identity of the match: rule and request. A later stage of the same request revises the signal, it does not add one. */
  readonly id: string;
  /** Id of the rule that matched. */
  readonly rule: string;
  /** Id of the rule (for its own alert) or correlation rule that this copy is for; of an excepted one `exceptedTarget`. */
  readonly target: string;
  readonly excepted?: Excepted;
  readonly cluster: string;
  /** Values of the target's group-by fields, in its order. */
  readonly group: readonly string[];
  /** Event time; absent if the record carries none that can be believed. */
  readonly time?: EventTime;
  /** When the API server received the request: unlike `time` the same for all its stages. Absent where `time` is. */
  readonly began?: EventTime;
  /** Wall-clock arrival in Unix milliseconds, used only to date an alert whose records carry no time. */
  readonly received_ms: number;
  /** Order of the stages of one request: the highest rank is what the request came to. From 3 on it is done. */
  readonly rank: number;
  /** Ids of signals about the same request from another source, which this one replaces. */
  readonly replaces?: readonly string[];
  /** Values of the fields that a correlation compares between its steps or looks at. */
  readonly values?: Readonly<Record<string, string>>;
  /** Of a correlation that refers to others: those through which it refers to the rule, from itself on; absent: directly. */
  readonly through?: readonly Through[];
  /** The target looks at all groups of the cluster together (a baseline, which begins with the first match of any of them). */
  readonly spans_groups?: true;
  /** The rule does not match after all: an earlier record that came late shows what was before. It takes the same record's signal away. */
  readonly withdrawn?: true;
  readonly facts: Facts;
  readonly actor?: Actor;
  readonly admission: Admission;
  readonly pod_security?: PodSecurity;
  readonly namespace?: NamespaceChange;
  /** Of a pod or workload: labels of its namespace at the time, where they are known. */
  readonly namespace_labels?: Readonly<Record<string, string>>;
  /** Of a pod or workload: policies and bindings that have refused or reported something in its namespace, `resource/name`, or `engine/name` where only that is told. */
  readonly judges?: readonly string[];
  readonly policy?: PolicyChange;
  readonly evidence: Evidence;
  /** What the source could not tell, for example `truncated`. */
  readonly limits?: readonly string[];
}

/** Key of a signal in the log: signals of one key are seen by one correlator, in order. */
export function signalKey({
  target,
  cluster,
  group,
  spans_groups,
}: Pick<Signal, 'target' | 'cluster' | 'group' | 'spans_groups'>): string {
  return contentId(target, cluster, ...(spans_groups ? [] : group));
}
