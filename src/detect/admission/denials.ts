import type { Denial } from '../../record/signal.ts';

/**
 * Reads who refused a request from the API server's message. One reader an authority, most specific first; the texts are
 * those of Kubernetes 1.37 and of the engines as recorded (`facts`: admission plugins, apiserver `webhook/validating`, engines' own).
 */
type Reader = (message: string) => Denial | undefined;

/** Messages are an engine's free text; nothing longer than this is looked into or carried. */
const MESSAGE_CHARS_MAX = 4096;

const podSecurity: Reader = (message) => {
  const found = /violates PodSecurity "([^"]{1,40})"/.exec(message);
  return found ? { engine: 'pod-security', policy: found[1]!, message } : undefined;
};

const admissionPolicy: Reader = (message) => {
  const found = /ValidatingAdmissionPolicy '([^']{1,253})' with binding '([^']{1,253})' denied request/.exec(
    message,
  );
  return found
    ? { engine: 'validating-admission-policy', policy: found[1]!, binding: found[2]!, message }
    : undefined;
};

const mutatingAdmissionPolicy: Reader = (message) => {
  const found = /(?:^|[^A-Za-z])policy '([^']{1,253})' with binding '([^']{1,253})' denied request/.exec(
    message,
  );
  return found
    ? { engine: 'mutating-admission-policy', policy: found[1]!, binding: found[2]!, message }
    : undefined;
};

/** Which engine a webhook belongs to, by the names that the engines register. */
const WEBHOOK_ENGINES: readonly (readonly [RegExp, string])[] = [
  [/\.gatekeeper\.sh$/, 'gatekeeper'],
  [/\.kyverno\.svc/, 'kyverno'],
  [/openpolicyagent\.org$/, 'opa'],
  [/\.kubewarden\.admission$/, 'kubewarden'],
];

/** The policy in an engine's own words: Gatekeeper `[constraint] …`, Kyverno `policy:\n  rule: …` or `Policy X failed: …`. */
function policyIn(engine: string, text: string): string | undefined {
  if (engine === 'gatekeeper') return /\[([^\]\s]{1,253})\]/.exec(text)?.[1];
  if (engine === 'kyverno') {
    return (
      /following policies\s+([a-z0-9][a-z0-9.-]{0,252}):/.exec(text)?.[1] ??
      /Policy ([a-z0-9][a-z0-9./-]{0,252}) failed/.exec(text)?.[1]
    );
  }
  return undefined;
}

const webhook: Reader = (message) => {
  const found = /admission webhook "([^"]{1,253})" denied the request(?:: ?|)([\s\S]*)/.exec(message);
  if (!found) return undefined;
  const name = found[1]!;
  const engine = WEBHOOK_ENGINES.find(([pattern]) => pattern.test(name))?.[1] ?? 'webhook';
  const policy =
    engine === 'kubewarden' ? name.replace(/\.kubewarden\.admission$/, '') : policyIn(engine, found[2]!);
  return { engine, webhook: name, ...(policy === undefined ? {} : { policy }), message };
};

/** A fixed text of one authority. */
function saying(engine: string, pattern: RegExp): Reader {
  return (message) => (pattern.test(message) ? { engine, message } : undefined);
}

const READERS: readonly Reader[] = [
  podSecurity,
  admissionPolicy,
  webhook,
  mutatingAdmissionPolicy,
  saying('allow-privileged', /disallowed by cluster policy/),
  saying('rbac-escalation', /attempting to grant RBAC permissions not currently held/),
  saying('impersonation', /cannot impersonate resource/),
  saying('rbac', /cannot \S+ (?:resource|path) /),
  saying('quota', /exceeded quota|failed quota/),
  saying('limit-ranger', /(?:maximum|minimum) (?:cpu|memory|storage|ephemeral-storage) usage per /),
  saying('service-account', /error looking up service account/),
  saying('node-restriction', /node "[^"]*" |can only create pods with spec\.nodeName/),
];

/** @returns the authority that the message names, or undefined if it names none that is known. */
export function denialOf(message: string): Denial | undefined {
  const text = message.slice(0, MESSAGE_CHARS_MAX);
  for (const reader of READERS) {
    const denial = reader(text);
    if (denial) return denial;
  }
  return undefined;
}
