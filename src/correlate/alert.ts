import { detectionsOf, ruleOptions } from '../detect/rule-options.ts';
import type { LogSource, RuleMetadata } from '../detect/sigma/model.ts';
import { type Alert, type NewValue, SEVERITY_NUMBER } from '../record/alert.ts';
import { contentId } from '../record/record.ts';
import {
  type Admission,
  type Evidence,
  type Outcome,
  POLICY_EFFECTS,
  type PolicyChange,
  type Signal,
  type ToldDecision,
} from '../record/signal.ts';
import { formatEventTime } from '../record/time.ts';
import { threatOf } from './attack.ts';
import { type Novelty, shownValues } from './baseline/new-value.ts';
import { DAY } from './baseline/run.ts';
import { type BlastRadius, blastRadius } from './blast-radius.ts';
import type { Episode } from './episodes.ts';
import type { TakenAway } from './plan.ts';
import {
  exceptedBy,
  newValueSentence,
  repeatedSentence,
  sentenceOf,
  silenceSentence,
  storyOf,
} from './sentence.ts';

const ECS_VERSION = '9.4.0';

/** Distinct names listed in `related.*`. */
const RELATED_MAX = 20;

/** What the correlator knows of an alert besides its episode. */
export interface AlertContext {
  readonly version: number;
  readonly evidenceMax: number;
  /** True if the group held more signals than its limit, so that the count is a lower bound. */
  readonly overflowed: boolean;
  /** Of matches that an exception has taken away from a rule. */
  readonly taken?: TakenAway | undefined;
}

/** Alert id: rule, group and first signal; where others lie before it, also the signal with which it begins. */
export function alertId(ruleId: string, { beginning, signals }: Episode): string {
  const first = signals[0]!;
  const began = beginning.id === first.id ? [] : [beginning.id];
  return contentId('alert', ruleId, first.cluster, ...first.group, first.id, ...began);
}

/** The ECS document of one episode. */
export function alertOf(
  episode: Episode,
  rule: RuleMetadata & { logsource?: LogSource },
  context: AlertContext,
): Alert {
  const { signals, count, ending, novelty, silence } = episode;
  const { taken } = context;
  const ruleId = taken?.from ?? rule.id;
  const sequence = !novelty && !silence && signals.some((signal) => signal.rule !== ruleId);
  const outcome = outcomeOf(signals);
  // Of repeats with different outcomes the alert speaks of the one that weighs most, and of that the latest.
  const last = sequence
    ? // What an engine says tells least of who did what; what follows on the end of a sequence is not what it is about.
      (ending ?? signals.findLast(({ evidence }) => evidence.source !== 'decision') ?? signals.at(-1)!)
    : signals.findLast((signal) => signal.admission.outcome === outcome)!;
  const letThrough = sequence ? blastRadius(signals, context.evidenceMax) : undefined;
  const { levels, nothingLetThrough } = ruleOptions(rule);
  const nothing = letThrough && isHarmless(letThrough, signals) ? nothingLetThrough : undefined;
  const level = taken ? 'informational' : (nothing ?? levels[outcome] ?? rule.level);
  const threat = threatOf(rule.tags);
  const [detectionId] = detectionsOf(rule.tags);
  const limits = [
    ...new Set(signals.flatMap((signal) => signal.limits ?? [])),
    ...(context.overflowed ? ['signals_per_group_max'] : []),
  ];
  const { facts } = last;
  // By which an alert store may file the alert: it must not change while later stages of the first request arrive.
  const began = signals[0]!.began ?? signals[0]!.time;
  const latest = silence ? (silence.until ?? silence.tellable) : signals.at(-1)!.time;
  const start = began === undefined ? undefined : formatEventTime(began);
  const end = latest === undefined ? undefined : formatEventTime(latest);
  const evidence = evidenceOf(signals, context.evidenceMax);
  return {
    '@timestamp': end ?? new Date(last.received_ms).toISOString(),
    ecs: { version: ECS_VERSION },
    message: `${taken ? exceptedBy(taken.exception) : ''}${messageOf(episode, last, rule, sequence)}`,
    event: {
      kind: 'alert',
      id: alertId(rule.id, episode),
      category: ['configuration'],
      type: outcome === 'denied' ? ['denied'] : outcome === 'admitted' ? ['allowed'] : ['info'],
      ...(facts.verb ? { action: facts.verb } : {}),
      outcome:
        outcome === 'admitted'
          ? 'success'
          : outcome === 'denied' || outcome === 'failed'
            ? 'failure'
            : 'unknown',
      severity: SEVERITY_NUMBER[level],
      ...(start ? { start } : {}),
      ...(end ? { end } : {}),
      module: 'gatewatch',
      dataset: 'gatewatch.alert',
      provider: 'kubernetes',
    },
    rule: {
      id: ruleId,
      name: rule.title,
      ...(rule.description ? { description: rule.description.trim().replace(/\s+/g, ' ') } : {}),
      ...(rule.references[0] ? { reference: rule.references[0] } : {}),
      ...(rule.author ? { author: [rule.author] } : {}),
      ruleset: 'gatewatch',
    },
    ...(threat ? { threat } : {}),
    orchestrator: orchestratorOf(last),
    ...userOf(last),
    ...(facts.source_ip ? { source: { ip: facts.source_ip } } : {}),
    ...(facts.user_agent ? { user_agent: { original: facts.user_agent } } : {}),
    ...relatedOf(signals),
    gatewatch: {
      ...(detectionId ? { detection_id: detectionId } : {}),
      level,
      outcome,
      version: context.version,
      count,
      ...(signals.length > evidence.length ? { suppressed: signals.length - evidence.length } : {}),
      ...(last.actor ? { actor: last.actor } : {}),
      admission: admissionOf(signals, outcome),
      ...(last.pod_security ? { pod_security: last.pod_security } : {}),
      ...namespaceOf(signals),
      ...policyOf(signals),
      ...(letThrough?.certain.length ? { blast_radius: letThrough.certain } : {}),
      ...(letThrough?.uncertain.length ? { blast_radius_uncertain: letThrough.uncertain } : {}),
      ...(novelty ? { baseline: newValueOf(novelty, signals[0]!) } : {}),
      ...(taken ? { exception: taken.exception } : {}),
      evidence,
      ...(limits.length > 0 ? { limits } : {}),
      status: taken ? 'closed' : 'open',
    },
  };
}

/** Whether all that was weakened are policies of which it is known that they had no say. Of an engine that is stopped that is not known. */
function isHarmless({ certain, uncertain }: BlastRadius, signals: readonly Signal[]): boolean {
  return (
    certain.length + uncertain.length === 0 &&
    signals.every(({ policy, pod_security }) => policy !== undefined || pod_security?.baseline !== undefined)
  );
}

function messageOf(
  { signals, count, novelty, silence }: Episode,
  last: Signal,
  { title }: RuleMetadata,
  sequence: boolean,
): string {
  if (silence) return silenceSentence(title, last, silence);
  if (novelty) return newValueSentence(last, signals, count, novelty);
  if (sequence) return storyOf(signals);
  return count > 1 ? repeatedSentence(last, signals, count) : sentenceOf(last);
}

function newValueOf(novelty: Novelty, signal: Signal): NewValue {
  const { fields, learnedSince, lastSeen } = novelty;
  return {
    field: fields,
    value: shownValues(fields, signal),
    learned_since: formatEventTime(learnedSince),
    ...(lastSeen === undefined
      ? {}
      : { last_seen: formatEventTime(lastSeen * DAY).slice(0, 'YYYY-MM-DD'.length) }),
  };
}

/** What weighs most among several requests: what was let through. */
const OUTCOME_WEIGHT: readonly Outcome[] = ['admitted', 'denied', 'failed', 'dry-run', 'pending', 'other'];

function outcomeOf(signals: readonly Signal[]): Outcome {
  return OUTCOME_WEIGHT.find((outcome) => signals.some((signal) => signal.admission.outcome === outcome))!;
}

/** The first and the last records: how it began and how it stands. */
function evidenceOf(signals: readonly Signal[], max: number): Evidence[] {
  const all = signals.map((signal) => signal.evidence);
  const first = Math.ceil(max / 2);
  return all.length <= max ? all : [...all.slice(0, first), ...all.slice(all.length - (max - first))];
}

function orchestratorOf({ facts, cluster }: Signal): Alert['orchestrator'] {
  const resource = {
    ...(facts.resource
      ? { type: facts.subresource ? `${facts.resource}/${facts.subresource}` : facts.resource }
      : {}),
    ...(facts.name ? { name: facts.name } : {}),
  };
  return {
    type: 'kubernetes',
    cluster: { name: cluster },
    ...(facts.namespace ? { namespace: facts.namespace } : {}),
    ...(facts.api_version
      ? { api_version: facts.api_group ? `${facts.api_group}/${facts.api_version}` : facts.api_version }
      : {}),
    ...(Object.keys(resource).length > 0 ? { resource } : {}),
  };
}

function userOf({ facts: { user, groups } }: Signal): Pick<Alert, 'user'> {
  return user ? { user: { name: user, ...(groups ? { roles: groups } : {}) } } : {};
}

function relatedOf(signals: readonly Signal[]): Pick<Alert, 'related'> {
  const users = distinct(signals.flatMap(({ facts, actor }) => [facts.user, facts.acting_as, actor?.author]));
  const addresses = distinct(signals.map(({ facts }) => facts.source_ip));
  if (users.length === 0 && addresses.length === 0) return {};
  return {
    related: {
      ...(users.length > 0 ? { user: users } : {}),
      ...(addresses.length > 0 ? { ip: addresses } : {}),
    },
  };
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort().slice(0, RELATED_MAX);
}

/** Of a sequence: everyone who refused, every webhook that failed open. */
function admissionOf(signals: readonly Signal[], outcome: Outcome): Admission {
  const denials = signals.flatMap(({ admission }) => admission.denied_by ?? []);
  const byAuthority = new Map(
    denials.map((denial) => [`${denial.engine}/${denial.policy ?? denial.webhook ?? ''}`, denial]),
  );
  const failedOpen = distinct(signals.flatMap(({ admission }) => admission.failed_open ?? []));
  const mutatedBy = distinct(signals.flatMap(({ admission }) => admission.mutated_by ?? []));
  const decisions = distinctDecisions(signals);
  return {
    outcome,
    ...(byAuthority.size > 0 ? { denied_by: [...byAuthority.values()].slice(0, RELATED_MAX) } : {}),
    ...(failedOpen.length > 0 ? { failed_open: failedOpen } : {}),
    ...(mutatedBy.length > 0 ? { mutated_by: mutatedBy } : {}),
    ...(decisions.length > 0 ? { decisions } : {}),
  };
}

/** One engine may say the same in several places: in its log and in an Event. */
function distinctDecisions(signals: readonly Signal[]): ToldDecision[] {
  const told = signals.flatMap(({ admission }) => admission.decisions ?? []);
  const byText = new Map(told.map((decision) => [JSON.stringify(decision), decision]));
  return [...byText.values()].slice(0, RELATED_MAX);
}

function namespaceOf(signals: readonly Signal[]): { namespace?: NonNullable<Signal['namespace']> } {
  const change = signals.findLast((signal) => signal.namespace)?.namespace;
  return change ? { namespace: change } : {};
}

/** Of several writes all changes and reasons, the latest first. */
function policyOf(signals: readonly Signal[]): { policy?: PolicyChange } {
  const changes = signals.flatMap(({ policy }) => policy ?? []).toReversed();
  if (changes.length === 0) return {};
  const all = (key: 'changes' | 'reasons') => [...new Set(changes.flatMap((change) => change[key]))];
  return {
    policy: {
      engine: changes[0]!.engine,
      effect: POLICY_EFFECTS.find((effect) => changes.some((change) => change.effect === effect))!,
      changes: all('changes').slice(0, RELATED_MAX),
      reasons: all('reasons').slice(0, RELATED_MAX),
    },
  };
}
