import type { Denial, NamespaceChange, Outcome, PodSecurity, Signal } from '../record/signal.ts';
import { formatEventTime } from '../record/time.ts';

/**
 * The one sentence of an alert: who (with groups, client and address), tried or did what, to which object, in which cluster
 * and namespace, which policy decided, what the API server answered.
 */
export function sentenceOf(signal: Signal): string {
  return `${who(signal)} ${what(signal)} in cluster ${signal.cluster}${because(signal)}; ${answer(signal)}.`;
}

/** The sentence of an alert that repeats: how often and in which time. */
export function repeatedSentence(last: Signal, signals: readonly Signal[], count: number): string {
  return `${sentenceOf(last)} Seen ${count} times${between(signals)}.`;
}

/** The story of several matches, in order, each kind of step once. */
export function storyOf(signals: readonly Signal[], titleOf: (signal: Signal) => string): string {
  const parts: string[] = [];
  for (let index = 0; index < signals.length; ) {
    const signal = signals[index]!;
    let end = index + 1;
    while (end < signals.length && sameStep(signals[end]!, signal)) end++;
    const times = end - index > 1 ? ` (${end - index} times)` : '';
    if (parts.length < STEPS_MAX) parts.push(`${who(signal, true)} ${what(signal)}${result(signal)}${times}`);
    index = end;
  }
  const { cluster } = signals[0]!;
  return `${titleOf(signals[0]!)} in cluster ${cluster}${between(signals)}: ${parts.join('; then ')}.`;
}

/** Steps told in one sentence; the evidence has them all. */
const STEPS_MAX = 6;

function sameStep(a: Signal, b: Signal): boolean {
  return a.rule === b.rule && a.facts.user === b.facts.user && a.admission.outcome === b.admission.outcome;
}

function between(signals: readonly Signal[]): string {
  const [first, last] = [signals[0]!.time, signals.at(-1)!.time];
  if (first === undefined || last === undefined || first === last) return '';
  return ` between ${clock(first)} and ${clock(last)}`;
}

function clock(time: number): string {
  return formatEventTime(time).slice(0, 19).concat('Z');
}

function who({ facts }: Signal, briefly = false): string {
  const user = facts.user ?? 'An unidentified client';
  const name = facts.acting_as === undefined ? user : `${user} (impersonating ${facts.acting_as})`;
  if (briefly) return name;
  const groups = (facts.groups ?? []).filter((group) => !group.startsWith('system:authenticated'));
  const details = [
    groups.length > 0 ? `group${groups.length > 1 ? 's' : ''} ${groups.slice(0, 4).join(', ')}` : '',
    facts.user_agent ? `with ${facts.user_agent.split(' ')[0]}` : '',
    facts.source_ip ? `from ${facts.source_ip}` : '',
  ].filter((detail) => detail !== '');
  return details.length > 0 ? `${name} (${details.join(', ')})` : name;
}

const DONE: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'replaced',
  patch: 'changed',
  delete: 'deleted',
  deletecollection: 'deleted all',
  connect: 'connected to',
  get: 'read',
  list: 'listed',
  watch: 'watched',
};

const TRIED: Readonly<Record<string, string>> = {
  update: 'replace',
  patch: 'change',
  deletecollection: 'delete all',
  connect: 'connect to',
  get: 'read',
};

function what(signal: Signal): string {
  const { facts, namespace } = signal;
  const verb = facts.verb ?? 'request';
  const { outcome } = signal.admission;
  const done = DONE[verb] ?? verb;
  const tried = TRIED[verb] ?? verb;
  const act =
    outcome === 'admitted' || outcome === 'other'
      ? done
      : outcome === 'pending'
        ? `asked to ${tried}`
        : outcome === 'dry-run'
          ? `tried out (dry run) to ${tried}`
          : `tried to ${tried}`;
  return `${act} ${objectOf(signal)}${namespace ? labelsChanged(namespace) : ''}${risk(signal.pod_security)}`;
}

function objectOf({ facts }: Signal): string {
  if (!facts.resource) return facts.name ?? 'a path of the API server';
  const kind = facts.subresource ? `${facts.resource}/${facts.subresource}` : facts.resource;
  const name = facts.name ? ` ${facts.name}` : '';
  const inNamespace =
    facts.namespace && facts.resource !== 'namespaces' ? ` in namespace ${facts.namespace}` : '';
  return `${kind}${name}${inNamespace}`;
}

function labelsChanged({ changes, enforce_before, enforce_after, labels_after }: NamespaceChange): string {
  const parts: string[] = [];
  if (changes.some((change) => change.startsWith('enforce-') || change === 'privileged-chosen')) {
    const from = enforce_before === undefined ? '' : ` from ${enforce_before}`;
    const to = changes.includes('enforce-removed') ? 'none (label removed)' : (enforce_after ?? 'unknown');
    parts.push(`Pod Security enforce level${from} to ${to}`);
  }
  if (changes.includes('exemption-added')) {
    const label = Object.keys(labels_after ?? {}).find((name) => /ignore$|\/webhook$/.test(name));
    parts.push(`exempted from a policy engine${label ? ` by label ${label}` : ''}`);
  }
  if (changes.includes('exemption-removed')) parts.push('exemption from a policy engine removed');
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function risk(security: PodSecurity | undefined): string {
  const violations = security?.baseline;
  if (!violations) return '';
  const texts = violations
    .slice(0, 4)
    .map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason));
  const more = violations.length > 4 ? ` and ${violations.length - 4} more` : '';
  return ` with ${texts.join(', ')}${more}`;
}

function because({ admission }: Signal): string {
  const failedOpen = admission.failed_open;
  const passed = failedOpen
    ? `, while webhook ${failedOpen.join(', ')} could not be reached and failed open`
    : '';
  const denial = admission.denied_by?.[0];
  return denial ? `, refused by ${refuser(denial)}${passed}` : passed;
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
};

function refuser({ engine, policy, webhook }: Denial): string {
  const name = ENGINE_NAMES[engine] ?? engine;
  if (policy) return `${name} ${policy}`;
  return engine === 'webhook' && webhook ? `${name} ${webhook}` : name;
}

function result({ admission }: Signal): string {
  const words: Readonly<Record<Outcome, string>> = {
    admitted: '',
    denied: admission.denied_by?.[0] ? `, refused by ${refuser(admission.denied_by[0])}` : ', refused',
    failed: ', which failed',
    'dry-run': '',
    pending: ', answer not yet known',
    other: '',
  };
  return words[admission.outcome];
}

function answer({ admission, facts }: Signal): string {
  if (admission.outcome === 'pending') return "the API server's answer is not known yet";
  return facts.code === undefined ? 'no answer was recorded' : `the API server answered ${facts.code}`;
}
