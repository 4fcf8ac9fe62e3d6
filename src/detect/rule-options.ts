import { z } from 'zod';
import { GatewatchError } from '../errors.ts';
import type { RuleMetadata } from './sigma/model.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, { error: 'must be a number and s, m, h or d, for example 30m' })
  .transform((text) => Number(text.slice(0, -1)) * UNITS_MS[text.at(-1)!]!);

const field = z.string().min(1).max(200);
const fields = z.array(field).min(1).max(10);

/** What a rule may say under its own attribute `gatewatch`; Sigma keeps attributes it does not know. */
const optionsSchema = z.strictObject({
  'group-by': fields
    .optional()
    .describe(
      'Fields whose values tell one alert of the rule from another; repeats with the same values are counted.',
    ),
  suppress: duration
    .optional()
    .describe('How long after an alert began its repeats are counted in it, for example `1h`.'),
  'same-any': fields
    .optional()
    .describe(
      'temporal_ordered only: the first and the last step must agree in at least one of these fields.',
    ),
  distinct: field
    .optional()
    .describe('event_count only: count the different values of this field instead of the matches.'),
});

/** Parsed `gatewatch` attribute of a rule. */
export interface RuleOptions {
  readonly groupBy: readonly string[];
  /** Milliseconds; absent: the configured default. */
  readonly suppressMs?: number;
  readonly sameAny: readonly string[];
  readonly distinct?: string;
}

/** By default a repeat is the same actor doing the same to the same object, or to what one owner makes. */
const DEFAULT_GROUP = [
  'user.username',
  'objectRef.namespace',
  'objectRef.resource',
  'gatewatch.object.series',
];

/** @throws RULE_INVALID */
export function ruleOptions(rule: Pick<RuleMetadata, 'custom' | 'where'>): RuleOptions {
  const parsed = optionsSchema.safeParse(rule.custom.gatewatch ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new GatewatchError('RULE_INVALID', `gatewatch.${issue.path.join('.')}: ${issue.message}`, {
      where: rule.where,
    });
  }
  const { suppress, 'group-by': groupBy, 'same-any': sameAny, distinct } = parsed.data;
  return {
    groupBy: groupBy ?? DEFAULT_GROUP,
    ...(suppress === undefined ? {} : { suppressMs: suppress }),
    sameAny: sameAny ?? [],
    ...(distinct === undefined ? {} : { distinct }),
  };
}
