import type { Violation } from '../../record/signal.ts';
import type { Check, CheckPod, Level } from './check.ts';
import { compareBytes, quote } from './message.ts';
import { viewOf } from './pod-view.ts';
import { CHECKS } from './registry.ts';

export type { Level } from './check.ts';

/** A detail is cut after this many characters; only the pods of an attacker on the evaluator come near. */
export const MAX_DETAIL = 32_768;

const VERSION = /^v1\.(0|[1-9][0-9]*)$/;
/** Go's int, which the reference parses the minor version into. */
const MAX_MINOR = 2n ** 63n - 1n;

/**
 * Reads the value of a version label such as `pod-security.kubernetes.io/enforce-version`: the minor version, or
 * `latest`; undefined if absent or not a version, in which case the reference falls back to latest
 * (`ParseVersion`, k8s.io/pod-security-admission/api, helpers.go).
 */
export function parseVersion(text: string | undefined): number | 'latest' | undefined {
  if (text === undefined || text === 'latest') return text;
  const minor = VERSION.exec(text)?.[1];
  if (minor === undefined || minor.length > 19 || BigInt(minor) > MAX_MINOR) return undefined;
  return Number(minor);
}

interface ActiveCheck {
  readonly id: string;
  readonly check: CheckPod;
}

/** The checks of each minor version, by index; the last entry also serves `latest` and every version to come. */
interface Tables {
  readonly baseline: readonly (readonly ActiveCheck[])[];
  readonly restricted: readonly (readonly ActiveCheck[])[];
}

const TABLES = tablesOf(CHECKS);

/**
 * Judges a pod by the Pod Security Standards at a level and minor version, and returns what is forbidden in the
 * reference's order and words. A version later than the newest check counts as latest (`EvaluatePod`,
 * k8s.io/pod-security-admission/policy, registry.go). Never throws, whatever the JSON; a field of a wrong type
 * counts as absent. Fields are judged as they stand: a volume without a source is forbidden at level restricted,
 * although the API server's defaulting would have made it an emptyDir before judging.
 */
export function evaluate(
  pod: { readonly metadata?: unknown; readonly spec?: unknown },
  level: 'baseline' | 'restricted',
  version: number | 'latest',
): readonly Violation[] {
  const byVersion = TABLES[level];
  const latest = byVersion[byVersion.length - 1]!;
  const active = version === 'latest' ? latest : (byVersion[version] ?? latest);
  const view = viewOf(pod);
  const violations: Violation[] = [];
  for (const { id, check } of active) {
    const finding = check(view);
    if (finding === undefined) continue;
    const { reason, detail } = finding;
    violations.push(detail === '' ? { check: id, reason } : { check: id, reason, detail: cut(detail) });
  }
  return violations;
}

/**
 * The message of the reference's refusal, as the API server's answer and audit annotations carry it
 * (`ForbiddenDetail`, k8s.io/pod-security-admission/policy, checks.go; `EvaluatePod`,
 * k8s.io/pod-security-admission/admission, admission.go).
 */
export function violationMessage(
  violations: readonly Violation[],
  level: Level,
  versionText: string,
): string {
  const parts: string[] = [];
  for (const { reason, detail } of violations) {
    parts.push(detail === undefined || detail === '' ? reason : `${reason} (${detail})`);
  }
  return `violates PodSecurity ${quote(`${level}:${versionText}`)}: ${parts.join(', ')}`;
}

function cut(detail: string): string {
  return detail.length > MAX_DETAIL ? `${detail.slice(0, MAX_DETAIL).toWellFormed()}…` : detail;
}

/**
 * Works out once which checks hold at which version: baseline checks before restricted ones, each sorted by id, and
 * at level restricted without those that a restricted check overrides (`populate`,
 * k8s.io/pod-security-admission/policy, registry.go).
 */
function tablesOf(checks: readonly Check[]): Tables {
  const byId = checks.toSorted((a, b) => compareBytes(a.id, b.id));
  const newest = Math.max(...byId.flatMap((check) => check.versions.map(({ since }) => since)));
  const baseline: ActiveCheck[][] = [];
  const restricted: ActiveCheck[][] = [];
  for (let minor = 0; minor <= newest; minor++) {
    const own = { baseline: [] as ActiveCheck[], restricted: [] as ActiveCheck[] };
    const overridden = new Set<string>();
    for (const { id, level, versions } of byId) {
      const current = versions.findLast(({ since }) => since <= minor);
      if (current === undefined) continue;
      own[level].push({ id, check: current.check });
      if (current.overrides !== undefined) overridden.add(current.overrides);
    }
    baseline.push(own.baseline);
    restricted.push([...own.baseline.filter(({ id }) => !overridden.has(id)), ...own.restricted]);
  }
  return { baseline, restricted };
}
