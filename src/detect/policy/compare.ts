import { type PolicyChange, type PolicyEffect, PUT_BACK } from '../../record/signal.ts';
import { policyFacts } from './facts.ts';
import { type Finding, summed } from './finding.ts';
import { formerOfPatch, withoutWeakSettings } from './former.ts';
import { lifetimeChanges, withoutLifetime } from './lifetime.ts';
import { differInLongList, NAMES_MAX } from './long-lists.ts';
import type { PolicyKind } from './registry.ts';

/**
 * What the difference between two versions of an object of admission control does to the protection that it gives.
 * @param before the object or its facts; undefined if it is created
 * @param after the object or its facts; undefined if it is deleted
 */
export function comparePolicy(kind: PolicyKind, before: unknown, after: unknown): PolicyChange {
  if (before === undefined) return summed(kind.engine, created(kind, after));
  if (after === undefined) return summed(kind.engine, deleted(kind, before));
  return summed(kind.engine, differences(kind, before, after));
}

/**
 * What is created under the name of an object that was deleted: a weaker one gives nothing back, and what it does not give back counts.
 * @param former the object that was deleted, or its facts
 */
export function createdAnew(kind: PolicyKind, former: unknown, after: unknown): PolicyChange {
  if (!['strengthened', 'neutral'].includes(kind.created)) return comparePolicy(kind, undefined, after);
  const findings = differences(kind, former, after);
  if (findings.length === 0) return putBack(comparePolicy(kind, undefined, after));
  const has = (effect: PolicyEffect) => findings.some((finding) => finding.effect === effect);
  const isWeaker = has('weakened') && !has('strengthened');
  const change = summed(kind.engine, [...findings, life(kind.created, 'created')]);
  return { ...change, effect: isWeaker ? 'weakened' : kind.created };
}

/**
 * What a patch does to an object whose former state was never seen: only what it names is judged, against what there is where nothing is set.
 * @param after the object that the patch left, or what can be made of the patch alone
 */
export function namedByPatch(kind: PolicyKind, patch: unknown, after: unknown): PolicyChange {
  const former = formerOfPatch(patch, after);
  const findings = differences(kind, former, after, false).map((finding) =>
    // That the former state was any weaker is not known.
    finding.effect === 'strengthened' ? { ...finding, effect: 'unclear' as const } : finding,
  );
  return summed(kind.engine, findings);
}

/** What can be said of an object that was written whole and whose former state was never seen: what in it is weak may have been so. */
export function writtenUnseen(kind: PolicyKind, after: unknown): PolicyChange {
  const weak = differences(kind, withoutWeakSettings(after), after, false);
  const findings = weak.map((finding) => ({ ...finding, effect: 'unclear' as const }));
  return summed(kind.engine, [...findings, UNSEEN]);
}

/** A write that left the object as it was. */
export function unchanged(kind: PolicyKind): PolicyChange {
  return { engine: kind.engine, effect: 'neutral', changes: ['unchanged'], reasons: [] };
}

/** A change of which the bodies were not recorded. */
export function notRecorded(kind: PolicyKind): PolicyChange {
  return summed(kind.engine, [
    { effect: 'unclear', change: 'not-recorded', reason: 'what was changed was not recorded' },
  ]);
}

/** A change after which an object says again what it said before the last one: what that did need not be understood to know that it is undone. */
export function putBack({ changes, reasons, ...change }: PolicyChange): PolicyChange {
  return { ...change, changes: [...changes, PUT_BACK], reasons: [...reasons, 'as it was before'] };
}

const UNSEEN: Finding = {
  effect: 'unclear',
  change: 'former-not-seen',
  reason: 'what it was before was not seen',
};

const TOO_LONG: Finding = {
  effect: 'unclear',
  change: 'list-too-long',
  reason: `a list of more than ${NAMES_MAX} names was changed, which are not all compared`,
};

function differences(
  kind: PolicyKind,
  before: unknown,
  after: unknown,
  formerSeen = true,
): readonly Finding[] {
  const [from, to] = [policyFacts(kind, before), policyFacts(kind, after)];
  const findings = [
    ...kind.compare(withoutLifetime(from), withoutLifetime(to), { subject: '', formerSeen }),
    // What exempts, and is soon deleted, exempts less.
    ...(kind.created === 'weakened' ? [] : lifetimeChanges(from, to)),
  ];
  const isWeakened = findings.some(({ effect }) => effect === 'weakened');
  return isWeakened || !differInLongList(from, to) ? findings : [...findings, TOO_LONG];
}

/** Of what exempts from policies the reasons say what. */
function created(kind: PolicyKind, after: unknown): readonly Finding[] {
  if (!kind.exempts) return [life(kind.created, 'created')];
  const exempted = differences(kind, {}, after).filter(({ effect }) => effect === 'weakened');
  return [...exempted, life(kind.created, 'created')];
}

/** What did nothing but exempt protects by going. */
function deleted(kind: PolicyKind, before: unknown): readonly Finding[] {
  const lifted = kind.exempts ? differences(kind, before, {}) : [];
  const isProtecting = lifted.length > 0 && lifted.every(({ effect }) => effect === 'strengthened');
  return [life(isProtecting ? 'strengthened' : kind.deleted, 'deleted')];
}

function life(effect: PolicyEffect, change: 'created' | 'deleted'): Finding {
  return { effect, change, reason: change };
}
