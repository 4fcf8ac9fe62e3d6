import type { AlertException } from '../record/alert.ts';
import type { Denial, NamespaceChange, PodSecurity, Signal, ToldDecision } from '../record/signal.ts';
import type { Silence } from './absence.ts';
import { type Novelty, shownValues } from './baseline/new-value.ts';
import { DAY } from './baseline/run.ts';
import { clean, clock, listed, period } from './plain-text.ts';
import { singular, withArticle } from './words.ts';

/** Steps told in one sentence; the evidence has them all. */
const STEPS_MAX = 6;

/** The group-by field that says whose habit a baseline is. */
const USER_FIELD = 'user.username';

/**
 * The one sentence of an alert: who (with groups, client and address), did or tried what, to which object, in which namespace and
 * cluster; which policy decided, and what the API server answered.
 */
export function sentenceOf(signal: Signal): string {
  return `${told(signal)}.`;
}

/** The sentence of an alert that repeats: how often and in which time. */
export function repeatedSentence(last: Signal, signals: readonly Signal[], count: number): string {
  return `${told(last)}; seen ${count} times${between(signals)}.`;
}

/** The sentence of an alert about something new: what is, for whom, and in how long. */
export function newValueSentence(
  last: Signal,
  signals: readonly Signal[],
  count: number,
  novelty: Novelty,
): string {
  const times = count > 1 ? `; seen ${count} times${between(signals)}` : '';
  return `${told(last)}; ${novel(signals[0]!, novelty)}${times}.`;
}

/** The sentence of an alert about what has fallen silent: since when, where, and whether it came back. */
export function silenceSentence(
  title: string,
  { cluster, group }: Signal,
  { since, until }: Silence,
): string {
  const values = group.map(clean).filter((value) => value !== '');
  const of = values.length > 0 ? ` (${listed(values)})` : '';
  const rest = until === undefined ? 'nothing has come since' : `nothing came until ${clock(until)}`;
  return `${clean(title)}: cluster ${clean(cluster)}${of} was last heard of at ${clock(since)}, and ${rest}.`;
}

/** What stands before the sentence of an alert that an exception has closed. */
export function exceptedBy({ title, owner }: AlertException): string {
  return `Excepted (${clean(title)}; ${clean(owner)}): `;
}

function novel(first: Signal, { fields, groupBy, timespan, learnedSince }: Novelty): string {
  const days = Math.floor(Math.min(timespan, first.time! - learnedSince) / DAY);
  const since = days > 0 ? `in ${days} ${days === 1 ? 'day' : 'days'}` : `since ${clock(learnedSince)}`;
  const group = groupBy.map((field, index) => ({ field, value: first.group[index] ?? '' }));
  const user = group.find(({ field }) => field === USER_FIELD);
  const rest = group.filter(({ field }) => field !== USER_FIELD);
  const where = rest.map(({ field, value }) => `${field} is ${clean(value) || 'absent'}`);
  const shown = shownValues(fields, first).map((value, index) =>
    value === '' ? `without ${fields[index]}` : `with ${fields[index]} ${clean(value)}`,
  );
  return `first time ${since} that ${clean(user?.value ?? '') || 'anyone'} did this ${listed(shown)}${where.length > 0 ? ` where ${listed(where)}` : ''}`;
}

/** The story of several matches, in order, each kind of step once. */
export function storyOf(signals: readonly Signal[]): string {
  const steps: Signal[][] = [];
  for (const signal of signals) {
    const step = steps.at(-1);
    // One request can be two steps: a webhook failed open and let through what it was to stop.
    if (step && step.at(-1)!.evidence.record_id === signal.evidence.record_id) continue;
    if (step && sameStep(step[0]!, signal)) step.push(signal);
    else steps.push([signal]);
  }
  const parts = steps.slice(0, STEPS_MAX).map(stepOf);
  const more = steps.length - parts.length;
  if (more > 0) parts.push(`${more} more ${more === 1 ? 'step' : 'steps'} like these`);
  return `In cluster ${clean(signals[0]!.cluster)}${between(signals)}: ${parts.join('; then ')}.`;
}

function sameStep(a: Signal, b: Signal): boolean {
  return a.rule === b.rule && a.facts.user === b.facts.user && a.admission.outcome === b.admission.outcome;
}

function stepOf(step: readonly Signal[]): string {
  const signal = step.at(-1)!;
  const [decision] = signal.admission.decisions ?? [];
  if (decision) return `${decisionOf(decision)} ${objectOf(signal)}${place(signal, false)}`;
  const times = step.length > 1 ? `, ${step.length} times${sameObject(step) ? '' : ' in all'}` : '';
  const { outcome } = signal.admission;
  const told = outcome === 'admitted' || outcome === 'other' ? failedOpen(signal) : decided(signal);
  return `${nameOf(signal)} ${what(signal)}${place(signal, false)}${risk(signal.pod_security)}${protection(signal)}${told && `, ${told}`}${times}`;
}

function decisionOf({ engine, verdict, policy = [], message }: ToldDecision): string {
  const policies = policy.length > 0 ? ` (${listed(policy.map(clean))})` : '';
  const why = message ? `, saying "${clean(message)}",` : '';
  const said = verdict === 'deny' ? 'refused' : verdict === 'allow' ? 'allowed' : 'failed on';
  return `${ENGINE_NAMES[engine] ?? engine}${policies}${why} ${said}`;
}

function sameObject(step: readonly Signal[]): boolean {
  return step.every(({ facts }) => facts.name === step[0]!.facts.name);
}

function told(signal: Signal): string {
  const open = failedOpen(signal);
  return `${who(signal)} ${what(signal)}${place(signal, true)}${risk(signal.pod_security)}${protection(signal)}; ${open && `${open}, and `}${decided(signal)}`;
}

function between(signals: readonly Signal[]): string {
  const [first, last] = [signals[0]!.time, signals.at(-1)!.time];
  return first === undefined || last === undefined ? '' : ` ${period(first, last)}`;
}

function nameOf(signal: Signal): string {
  const { facts } = signal;
  const user = facts.user ? clean(facts.user) : 'An unidentified client';
  const details = [facts.acting_as ? `impersonating ${clean(facts.acting_as)}` : '', behind(signal)].filter(
    (detail) => detail !== '',
  );
  return details.length > 0 ? `${user} (${details.join(', ')})` : user;
}

/** Who is behind a controller or a service account: what it acts for, and who wrote that. */
function behind({ actor, facts }: Signal): string {
  const asked = facts.acting_as === undefined ? 1 : 2;
  const links = actor?.chain.slice(asked) ?? [];
  if (links.length === 0) return '';
  const named = links.map((link) => clean(link).replace('/', ' '));
  return actor?.author !== undefined && actor.author === links.at(-1)
    ? `acting for ${listed(named.slice(0, -1))} of ${named.at(-1)}`
    : `acting for ${listed(named)}`;
}

function who(signal: Signal): string {
  const { facts } = signal;
  const groups = (facts.groups ?? []).filter((group) => group !== 'system:authenticated');
  const details = [
    facts.acting_as ? `impersonating ${clean(facts.acting_as)}` : '',
    behind(signal),
    groups.length > 0 ? `${groups.length > 1 ? 'groups' : 'group'} ${listed(groups.map(clean))}` : '',
    facts.user_agent ? `with ${clean(facts.user_agent.split(' ')[0]!)}` : '',
    facts.source_ip ? `from ${clean(facts.source_ip)}` : '',
  ].filter((detail) => detail !== '');
  const user = facts.user ? clean(facts.user) : 'An unidentified client';
  return details.length > 0 ? `${user} (${details.join(', ')})` : user;
}

/** What is done, and what is tried, by verb. */
const ACTS: ReadonlyMap<string, readonly [done: string, tried: string]> = new Map([
  ['create', ['created', 'create']],
  ['update', ['replaced', 'replace']],
  ['patch', ['changed', 'change']],
  ['delete', ['deleted', 'delete']],
  ['deletecollection', ['deleted all', 'delete all']],
  ['connect', ['connected to', 'connect to']],
  ['get', ['read', 'read']],
  ['list', ['listed', 'list']],
  ['watch', ['watched', 'watch']],
]);

/** The same by subresource, where the verb does not say what is done. */
const SUBRESOURCE_ACTS: ReadonlyMap<string, readonly [done: string, tried: string]> = new Map([
  ['exec', ['ran a command in', 'run a command in']],
  ['attach', ['attached to', 'attach to']],
  ['portforward', ['forwarded a port of', 'forward a port of']],
  ['proxy', ['connected through', 'connect through']],
  ['ephemeralcontainers', ['added a debug container to', 'add a debug container to']],
  ['eviction', ['evicted', 'evict']],
  ['token', ['requested a token of', 'request a token of']],
]);

function what(signal: Signal): string {
  const { facts, namespace } = signal;
  const verb = clean(facts.verb ?? 'request');
  const special = SUBRESOURCE_ACTS.get(facts.subresource ?? '');
  const [done, tried] = special ?? ACTS.get(verb) ?? [`did ${verb} on`, `${verb}`];
  const subresource = facts.subresource && !special ? `the ${clean(facts.subresource)} of ` : '';
  const object = `${subresource}${objectOf(signal)}${facts.command ? ` (${clean(facts.command)})` : ''}${namespace ? labelsChanged(namespace) : ''}`;
  switch (signal.admission.outcome) {
    case 'admitted':
    case 'other':
      return `${done} ${object}`;
    case 'dry-run':
      return `tried out, as a dry run, to ${tried} ${object}`;
    case 'pending':
      return `asked to ${tried} ${object}`;
    default:
      return `tried to ${tried} ${object}`;
  }
}

function objectOf({ facts }: Signal): string {
  if (!facts.resource) return facts.name ? clean(facts.name) : 'a path of the API server';
  const resource = clean(facts.resource);
  if (facts.name) return `${singular(resource)} ${clean(facts.name)}`;
  return facts.verb === 'create' ? withArticle(singular(resource)) : resource;
}

function place({ facts, cluster }: Signal, withCluster: boolean): string {
  const inNamespace =
    facts.namespace && facts.resource !== 'namespaces' ? ` in namespace ${clean(facts.namespace)}` : '';
  if (!withCluster) return inNamespace;
  return `${inNamespace}${inNamespace ? ' of' : ' in'} cluster ${clean(cluster)}`;
}

function labelsChanged({ changes, enforce_before, enforce_after, labels_after }: NamespaceChange): string {
  const parts: string[] = [];
  if (changes.includes('enforce-version-lowered')) {
    parts.push('Pod Security enforced at an older version');
  } else if (changes.includes('enforce-version-raised')) {
    parts.push('Pod Security enforced at a newer version');
  } else if (changes.includes('privileged-chosen')) {
    parts.push('Pod Security enforce level set to privileged');
  } else if (changes.includes('privileged-dropped')) {
    parts.push('Pod Security enforce level privileged taken away');
  } else if (changes.some((change) => change.startsWith('enforce-'))) {
    const from = enforce_before === undefined ? '' : ` from ${clean(enforce_before)}`;
    const to = changes.includes('enforce-removed') ? 'none' : clean(enforce_after ?? 'unknown');
    parts.push(`Pod Security enforce level${from} to ${to}`);
  }
  if (changes.includes('audit-lowered')) parts.push('Pod Security audit level lowered');
  if (changes.includes('warn-lowered')) parts.push('Pod Security warn level lowered');
  if (changes.includes('exemption-added')) {
    const label = Object.keys(labels_after ?? {}).find((name) => /\/(?:ignore|exclude|webhook)$/.test(name));
    parts.push(`exempted from a policy engine${label ? ` by label ${clean(label)}` : ''}`);
  }
  if (changes.includes('exemption-removed')) parts.push('exemption from a policy engine removed');
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function risk(security: PodSecurity | undefined): string {
  const violations = (security?.baseline ?? []).map(({ reason, detail }) => {
    // The setting is already in the reason.
    const short = detail?.replaceAll(' must not set securityContext.privileged=true', '');
    return short ? `${clean(reason)} (${clean(short)})` : clean(reason);
  });
  return violations.length > 0 ? `, with ${listed(violations)}` : '';
}

/** What a change of a policy does to the protection that it gives. That it was created or deleted is said by the verb. */
function protection({ policy, facts, admission }: Signal): string {
  const reasons = (policy?.reasons ?? []).filter((reason) => reason !== 'created' && reason !== 'deleted');
  if (!policy || reasons.length === 0) return '';
  const told = listed(reasons.map(clean));
  const did = admission.outcome === 'admitted';
  const what = facts.verb === 'create' ? 'admission control' : 'it';
  switch (policy.effect) {
    case 'weakened':
      return `, which ${did ? 'weakens' : 'would weaken'} ${what}: ${told}`;
    case 'strengthened':
      return `, which ${did ? 'strengthens' : 'would strengthen'} ${what}: ${told}`;
    default:
      return ` (${told})`;
  }
}

function failedOpen({ admission }: Signal): string {
  const webhooks = admission.failed_open;
  if (!webhooks) return '';
  return `${webhooks.length > 1 ? 'webhooks' : 'webhook'} ${listed(webhooks.map(clean))} could not be reached and failed open`;
}

const ENGINE_NAMES: Readonly<Record<string, string>> = {
  'pod-security': 'Pod Security',
  'validating-admission-policy': 'ValidatingAdmissionPolicy',
  'mutating-admission-policy': 'MutatingAdmissionPolicy',
  gatekeeper: 'Gatekeeper',
  kyverno: 'Kyverno',
  opa: 'OPA',
  kubewarden: 'Kubewarden',
  webhook: 'admission webhook',
  rbac: 'RBAC',
  'rbac-escalation': 'the RBAC escalation check',
  'allow-privileged': 'the API server (--allow-privileged=false)',
  authentication: 'authentication',
  impersonation: 'RBAC (impersonation)',
  quota: 'the resource quota',
  'limit-ranger': 'the limit range',
  'service-account': 'the service account check',
  'node-restriction': 'the node restriction',
  'namespace-lifecycle': 'the namespace lifecycle check',
  'image-policy': 'the image policy webhook',
};

function refuser({ engine, policy, webhook }: Denial): string {
  const name = ENGINE_NAMES[engine] ?? 'the API server';
  if (policy) return `${name} ${clean(policy)}`;
  return engine === 'webhook' && webhook ? `${name} ${clean(webhook)}` : name;
}

/** Which policy decided, and what the API server answered. */
function decided({ admission, facts }: Signal): string {
  const code = facts.code === undefined ? '' : ` (${facts.code})`;
  const denial = admission.denied_by?.[0];
  switch (admission.outcome) {
    case 'pending':
      return "the API server's answer is not known yet";
    case 'admitted':
      return `the API server admitted it${code}`;
    case 'denied':
      return `${denial ? refuser(denial) : 'the API server'} refused it${code}`;
    case 'failed':
      return `it failed${code}${unreached(facts.message)}`;
    case 'dry-run':
      if (denial) return `${refuser(denial)} refused it${code}`;
      return `the API server answered${code || ' nothing that was recorded'} and stored nothing`;
    case 'other':
      return facts.code === undefined ? 'no answer was recorded' : `the API server answered ${facts.code}`;
  }
}

/** A webhook whose failurePolicy is Fail could not be reached. */
function unreached(message: string | undefined): string {
  const webhook = /^Internal error occurred: failed calling webhook "([^"]{1,253})"/.exec(message ?? '')?.[1];
  return webhook === undefined ? '' : ` because webhook ${clean(webhook)} could not be reached`;
}
