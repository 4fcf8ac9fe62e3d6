import type { Denial } from '../../record/signal.ts';

/**
 * Reads who refused a request from the API server's message. A message holds text that the requester or an engine chose, so that only
 * its fixed beginning counts; the texts are those of Kubernetes 1.37 (k8s.io/apimachinery `api/errors`, k8s.io/apiserver
 * `pkg/admission`, k8s.io/kubernetes `plugin/pkg/admission`) and of the engines as recorded.
 */
type Reader = (text: string) => Omit<Denial, 'message'> | undefined;

/** Messages are an engine's free text; nothing longer than this is looked into or carried. */
const MESSAGE_CHARS_MAX = 4096;

/** Text as Go's `%q` writes it: its own quotes are escaped, so that it cannot end early. */
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';

/** `errors.NewForbidden`: `pods "x" is forbidden: `, `pods is forbidden: `, `forbidden: `; what follows is the plugin's own text. */
const FORBIDDEN = new RegExp(`^(?:[^\\s":]+ (?:${QUOTED} )?is )?forbidden: `);

/** `errors.NewInvalid`: `Pod "x" is invalid: `, then the errors of fields, in which values are quoted. */
const INVALID = new RegExp(`^[^\\s":]+ ${QUOTED} is invalid: `);

const podSecurity: Reader = (text) => {
  const policy = /^violates PodSecurity "([^"]{1,40})"/.exec(text)?.[1];
  return policy === undefined ? undefined : { engine: 'pod-security', policy };
};

const POLICY_ENGINES: Readonly<Record<string, string>> = {
  ValidatingAdmissionPolicy: 'validating-admission-policy',
  policy: 'mutating-admission-policy',
};

const admissionPolicy: Reader = (text) => {
  const found =
    /^(ValidatingAdmissionPolicy|policy) '([^']{1,253})'(?: with binding '([^']{1,253})')? denied request/.exec(
      text,
    );
  if (!found) return undefined;
  const [, kind, policy, binding] = found;
  return { engine: POLICY_ENGINES[kind!]!, policy: policy!, ...(binding === undefined ? {} : { binding }) };
};

/** Which engine a webhook belongs to, by the names that the engines register. */
const WEBHOOK_ENGINES: readonly (readonly [RegExp, string])[] = [
  [/\.gatekeeper\.sh$/, 'gatekeeper'],
  [/\.kyverno\.svc(?:-|$)/, 'kyverno'],
  [/(?:^|\.)openpolicyagent\.org$/, 'opa'],
  [/\.kubewarden\.admission$/, 'kubewarden'],
];

/** The policy in an engine's own words: Gatekeeper `[constraint] …`, Kyverno `policy:\n  rule: …` or `Policy X failed: …`. */
function policyIn(engine: string, text: string): string | undefined {
  if (engine === 'gatekeeper') return /^\[([^\]\s]{1,253})\] /.exec(text)?.[1];
  if (engine === 'kyverno') {
    return (
      /^\s*resource \S+ was blocked due to the following policies\s+([a-z0-9][a-z0-9.-]{0,252}):/.exec(
        text,
      )?.[1] ?? /^\s*Policy ([a-z0-9][a-z0-9./-]{0,252}) failed/.exec(text)?.[1]
    );
  }
  return undefined;
}

const webhook: Reader = (text) => {
  const found =
    /^admission webhook "([^"]{1,253})" denied the request(?:: ([\s\S]*)| without explanation|$)/.exec(text);
  if (!found) return undefined;
  const [, name = '', words = ''] = found;
  const engine = WEBHOOK_ENGINES.find(([pattern]) => pattern.test(name))?.[1] ?? 'webhook';
  const policy =
    engine === 'kubewarden' ? name.replace(/\.kubewarden\.admission$/, '') : policyIn(engine, words);
  return { engine, webhook: name, ...(policy === undefined ? {} : { policy }) };
};

/** A fixed beginning of one authority. */
function saying(engine: string, beginning: RegExp): Reader {
  return (text) => (beginning.test(text) ? { engine } : undefined);
}

/** Texts that stand alone, whatever the status: a webhook and a policy choose their own. */
const WHOLE: readonly Reader[] = [webhook, admissionPolicy];

/** Texts that follow `… is forbidden: `. */
const FORBIDDING: readonly Reader[] = [
  podSecurity,
  admissionPolicy,
  saying('impersonation', new RegExp(`^User ${QUOTED} cannot impersonate`)),
  saying('rbac', new RegExp(`^User ${QUOTED} cannot `)),
  saying('rbac-escalation', new RegExp(`^user ${QUOTED} [\\s\\S]*is attempting to grant RBAC permissions`)),
  saying('quota', /^(?:exceeded quota|failed quota|status unknown for quota|insufficient quota)/),
  saying('limit-ranger', /^\[?(?:maximum|minimum|\S+ max limit to request ratio) /),
  saying('service-account', /^error looking up service account /),
  saying('node-restriction', /^(?:node "|node requested token |can only create pods with spec\.nodeName)/),
  saying('image-policy', /^image policy webhook backend denied /),
  saying(
    'namespace-lifecycle',
    /^(?:this namespace may not be deleted|unable to create new content in namespace )/,
  ),
];

/** `--allow-privileged=false` (k8s.io/kubernetes/pkg/apis/core/validation), once quoted values are taken out. */
const QUOTED_OR_CUT = /"(?:[^"\\]|\\.)*(?:"|$)/g;
const PRIVILEGED_DISALLOWED = /\.securityContext\.privileged: Forbidden: disallowed by cluster policy/;

/** @returns the authority that the message names, or undefined if it names none that is known. */
export function denialOf(message: string): Denial | undefined {
  const text = message.slice(0, MESSAGE_CHARS_MAX);
  const denial = first(WHOLE, text);
  if (denial) return { ...denial, message: text };
  const forbidden = FORBIDDEN.exec(text);
  if (forbidden) {
    const plugin = first(FORBIDDING, text.slice(forbidden[0].length));
    return plugin && { ...plugin, message: text };
  }
  const invalid = INVALID.exec(text);
  if (!invalid) return undefined;
  const errors = text.slice(invalid[0].length).replaceAll(QUOTED_OR_CUT, '""');
  return PRIVILEGED_DISALLOWED.test(errors) ? { engine: 'allow-privileged', message: text } : undefined;
}

function first(readers: readonly Reader[], text: string): Omit<Denial, 'message'> | undefined {
  for (const reader of readers) {
    const denial = reader(text);
    if (denial) return denial;
  }
  return undefined;
}
