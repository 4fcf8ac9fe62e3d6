import { ordered } from './fields.ts';
import { type Compare, changed } from './finding.ts';

/** `failurePolicy`: what happens if a policy cannot be evaluated. */
export const failurePolicy = ordered('failurePolicy', ['Ignore', 'Fail'], 'Fail', {
  weakened: 'failure-policy-ignore',
  strengthened: 'failure-policy-fail',
});

/** Words for what is done about a violation. */
export const ACTION_WORDS = { weakened: 'action-lowered', strengthened: 'action-raised' };

/** `matchPolicy`: whether a request is also matched through another version of its API. */
export const matchPolicy = ordered('matchPolicy', ['Exact', 'Equivalent'], 'Equivalent', {
  weakened: 'match-policy-exact',
  strengthened: 'match-policy-equivalent',
});

/** `timeoutSeconds`: an answer that comes later counts as none. */
export const timeoutSeconds: Compare = (before, after, place) => {
  const [was, is] = [seconds(before), seconds(after)];
  if (was === is) return [];
  const reason = changed(place, 'timeoutSeconds', `${was}`, `${is}`);
  return is < was
    ? [{ effect: 'unclear', change: 'timeout-lowered', reason }]
    : [{ effect: 'neutral', change: 'timeout-raised', reason }];
};

function seconds(value: unknown): number {
  return typeof value === 'number' ? value : 10;
}
