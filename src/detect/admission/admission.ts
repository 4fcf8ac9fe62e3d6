import { OBSERVER_WEBHOOK } from '../../record/observer.ts';
import type { Admission, Denial, Outcome, ToldDecision } from '../../record/signal.ts';
import type { EngineDecision } from '../decode/decision/engine-decision.ts';
import { isObject, member, stringOf } from '../decode/json.ts';
import { heedsDryRun, lacksStatus, passesAdmission, type Request } from '../decode/request.ts';
import type { Draft } from '../draft.ts';
import { denialOf } from './denials.ts';

/** Annotation prefixes of k8s.io/apiserver/pkg/admission/plugin/webhook/{validating,mutating}/dispatcher.go. */
const FAILED_OPEN = /^failed-open\.(?:validating|mutation|mutating)\.webhook\.admission\.k8s\.io\//;
const MUTATION = /^mutation\.webhook\.admission\.k8s\.io\//;

/** How many webhooks of one request are listed. */
const WEBHOOKS_MAX = 32;

const MESSAGE_CHARS_MAX = 1024;

/** What the event itself says about how its request went through admission. */
export function admissionOf(request: Request, verdict = verdictOf(request)): Admission {
  const { failedOpen, mutatedBy } = webhooksOf(request);
  const admission: Draft<Admission> = { outcome: verdict.outcome };
  if (verdict.denial) admission.denied_by = [verdict.denial];
  if (failedOpen.length > 0) admission.failed_open = failedOpen;
  if (mutatedBy.length > 0) admission.mutated_by = mutatedBy;
  if (request.engineDecision) admission.decisions = [toldOf(request.engineDecision)];
  return admission;
}

function toldOf({ engine, verdict, policy, message }: EngineDecision): ToldDecision {
  const told: Draft<ToldDecision> = { engine };
  if (verdict) told.verdict = verdict;
  if (policy) told.policy = policy;
  if (message) told.message = message.slice(0, MESSAGE_CHARS_MAX).toWellFormed();
  return told;
}

/** What the API server answered, and who said no. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly denial?: Denial;
}

export function verdictOf(request: Request): Verdict {
  // An engine may have decided, and not have been heard: only the API server says what became of it.
  if (request.source === 'decision') return { outcome: 'pending' };
  const verdict = answerOf(request);
  // A dry run persists nothing, whatever the answer: the denial is kept, the outcome says that it was one.
  return heedsDryRun(request) && request.dryRun ? { ...verdict, outcome: 'dry-run' } : verdict;
}

function answerOf(request: Request): Verdict {
  const { source, stage } = request;
  if (source !== 'audit' || stage === 'RequestReceived') return { outcome: 'pending' };
  const code = request.code ?? failureCode(request);
  if (code !== undefined && code < 400) return { outcome: passesAdmission(request) ? 'admitted' : 'other' };
  const { decision } = request;
  if (code === undefined && decision === 'forbid') return { outcome: 'denied' };
  if (code === undefined) return { outcome: lacksStatus(request) ? 'admitted' : 'other' };
  if (answeredBehindProxy(request)) return { outcome: 'admitted' };
  const message = request.message ?? '';
  const denial = denialOf(message);
  if (denial) return { outcome: 'denied', denial };
  if (code !== 401 && code !== 403) return { outcome: 'failed' };
  const engine = code === 401 ? 'authentication' : decision === 'forbid' ? 'rbac' : 'unknown';
  return {
    outcome: 'denied',
    denial: { engine, message: message.slice(0, 1024) || (code === 401 ? 'Unauthorized' : 'Forbidden') },
  };
}

/** The HTTP status of a failure that an export left it out of, by its reason (k8s.io/apimachinery/pkg/api/errors). */
function failureCode(request: Request): number | undefined {
  const { status, reason } = request.status;
  if (status !== 'Failure') return undefined;
  return reason === 'Unauthorized' ? 401 : reason === 'Forbidden' ? 403 : 500;
}

/** True if an error was the answer of what a proxy leads to: of its own errors the API server says that they are failures. */
function answeredBehindProxy(request: Request): boolean {
  if (request.ref.subresource !== 'proxy') return false;
  return request.decision === 'allow' && request.status.status === undefined;
}

function webhooksOf(request: Request): { failedOpen: string[]; mutatedBy: string[] } {
  const failedOpen: string[] = [];
  const mutatedBy: string[] = [];
  if (!request.mayHaveAnnotation('failed-open.') && !request.mayHaveAnnotation('mutation.'))
    return { failedOpen, mutatedBy };
  for (const [key, value] of Object.entries(request.annotations)) {
    if (typeof value !== 'string') continue;
    if (FAILED_OPEN.test(key)) {
      // Gatewatch's own webhook decides nothing: that it was not reached let nothing through.
      if (value !== OBSERVER_WEBHOOK && failedOpen.length < WEBHOOKS_MAX)
        failedOpen.push(value.slice(0, 253));
    } else if (MUTATION.test(key) && mutatedBy.length < WEBHOOKS_MAX) {
      const webhook = mutatingWebhook(value);
      if (webhook) mutatedBy.push(webhook);
    }
  }
  return { failedOpen, mutatedBy };
}

/** The annotation's value is `{"configuration":…,"webhook":…,"mutated":true|false}`. */
function mutatingWebhook(value: string): string | undefined {
  try {
    const mutation: unknown = JSON.parse(value.slice(0, 4096));
    if (!isObject(mutation) || member(mutation, 'mutated') !== true) return undefined;
    return stringOf(member(mutation, 'webhook'))?.slice(0, 253);
  } catch {
    return undefined; // written by something other than the API server; it names no webhook
  }
}
