import type { DetectorRules } from './detector.ts';
import type { Exception } from './exceptions/model.ts';
import { planAwaited } from './heartbeats.ts';
import type { RuleSet } from './sigma/model.ts';
import { RuleIndex } from './sigma/rule-index.ts';
import { planTargets } from './targets.ts';

/** Rules made ready for the detectors. Those whose matches go nowhere are not asked. */
export function prepareRules(set: RuleSet, exceptions: readonly Exception[] = []): DetectorRules {
  const targets = planTargets(set, exceptions);
  const index = new RuleIndex(set.rules.filter(({ id }) => targets.get(id)!.length > 0));
  return { index, targets, awaited: planAwaited(set) };
}
