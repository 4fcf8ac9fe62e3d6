import type { Sink } from './document.ts';
import type { CorrelationRule, SigmaRule } from './model.ts';
import type { RuleExpression } from './rule-condition.ts';

/**
 * Ids of rules and correlations that can match nothing. A sequence without a rule that it needs never comes about, a count without all of its
 * rules.
 * @param correlations those that others refer to before them
 */
export function rulesOff(
  rules: readonly SigmaRule[],
  correlations: readonly CorrelationRule[],
  sink: Sink,
): ReadonlySet<string> {
  const off = new Set(rules.filter(({ applies }) => !applies).map(({ id }) => id));
  for (const correlation of correlations) {
    const { id, rules: parts, where } = correlation;
    const isOn = (rule: string): boolean => !off.has(rule);
    if (canHold(correlation, isOn)) continue;
    const without = parts.filter((part) => off.has(part));
    off.add(id);
    sink.warnings.push({ rule: id, where, message: `is switched off, as ${without.join(', ')} is.` });
  }
  return off;
}

function canHold(correlation: CorrelationRule, isOn: (rule: string) => boolean): boolean {
  const on = correlation.rules.filter(isOn);
  if (on.length === 0 || !('condition' in correlation)) return on.length > 0;
  const { condition } = correlation;
  if ('expression' in condition) return isPossible(condition.expression, isOn);
  const { gt, gte, eq } = condition.threshold;
  return on.length >= Math.max(gt === undefined ? 0 : gt + 1, gte ?? 0, eq ?? 0);
}

function isPossible(expression: RuleExpression, isOn: (rule: string) => boolean): boolean {
  switch (expression.kind) {
    case 'item':
      return isOn(expression.rule);
    case 'not':
      return true;
    case 'and':
      return expression.children.every((child) => isPossible(child, isOn));
    case 'or':
      return expression.children.some((child) => isPossible(child, isOn));
    case 'at-least':
      return expression.children.filter((child) => isPossible(child, isOn)).length >= expression.count;
  }
}
