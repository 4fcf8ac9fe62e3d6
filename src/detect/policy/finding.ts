import { POLICY_EFFECTS, type PolicyChange, type PolicyEffect } from '../../record/signal.ts';
import { shortened } from './canonical.ts';

/** One difference between two versions of a policy, and what it does to the cluster's protection. */
export interface Finding {
  readonly effect: PolicyEffect;
  /** A stable word for rules, for example `failure-policy-ignore`. */
  readonly change: string;
  /** A short sentence for people; names come from the object. */
  readonly reason: string;
}

/** Where in an object a difference stands, and how sure the former value is. */
export interface Place {
  /** For example `webhook validate.x: `; empty for the object itself. */
  readonly subject: string;
  /** False if the former value was never seen and its default stands for it. */
  readonly formerSeen: boolean;
}

/** What differs between a part of an object before and after; `undefined` for a part that is absent. */
export type Compare = (before: unknown, after: unknown, place: Place) => readonly Finding[];

const REASONS_MAX = 8;
const REASON_CHARS_MAX = 240;
const CHANGES_MAX = 16;

/** Sums up differences: the weightiest effect, and the reasons for it first. */
export function summed(engine: string, findings: readonly Finding[]): PolicyChange {
  const sorted = POLICY_EFFECTS.flatMap((effect) => findings.filter((finding) => finding.effect === effect));
  const changes = new Set(sorted.map(({ change }) => change));
  const reasons = new Set(sorted.map(({ reason }) => shortened(reason, REASON_CHARS_MAX)));
  return {
    engine,
    effect: sorted[0]?.effect ?? 'neutral',
    changes: [...changes].slice(0, CHANGES_MAX),
    reasons: [...reasons].slice(0, REASONS_MAX),
  };
}

/** In words what a value was and is, or only what it is where the former one was never seen. */
export function changed(place: Place, noun: string, before: string, after: string): string {
  return place.formerSeen
    ? `${place.subject}${noun} ${before} → ${after}`
    : `${place.subject}${noun} set to ${after} (former value not seen)`;
}

const OPPOSITE: Readonly<Record<PolicyEffect, PolicyEffect>> = {
  weakened: 'strengthened',
  strengthened: 'weakened',
  neutral: 'neutral',
  unclear: 'unclear',
};

/** The effect of the same change of something that exempts instead of checks. */
export function opposite(effect: PolicyEffect): PolicyEffect {
  return OPPOSITE[effect];
}

/** Changes by which something reaches further. */
const REACHES_FURTHER = /-(?:widened|added|removed)$/;

/** Of what changes objects instead of refusing them: by reaching further it protects nothing, it can change more. */
export function mutating(compare: Compare): Compare {
  return (before, after, place) =>
    compare(before, after, place).map((finding) =>
      finding.effect === 'strengthened' && REACHES_FURTHER.test(finding.change)
        ? { ...finding, effect: 'unclear' }
        : finding,
    );
}
