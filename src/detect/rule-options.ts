import { z } from 'zod';
import { GatewatchError } from '../errors.ts';
import { OUTCOMES, type Outcome } from '../record/signal.ts';
import { type CorrelationRule, LEVELS, type Level, type RuleMetadata } from './sigma/model.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const inMs = (text: string): number => Number(text.slice(0, -1)) * UNITS_MS[text.at(-1)!]!;

const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, { error: 'must be a number and s, m, h or d, for example 30m' })
  .transform(inMs);
const learning = z
  .string()
  .regex(/^\d{1,6}[smhd]$/, { error: 'must be a number and s, m, h or d, for example 7d, or 0d' })
  .transform(inMs);

const field = z.string().min(1).max(200);
const fields = z.array(field).min(1).max(10);

/** By default a week, so that what is done at weekends only has been seen. */
const LEARN_MS = 7 * 86_400_000;

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
  'differ-any': fields
    .optional()
    .describe(
      'temporal_ordered only: the first and the last step must differ in at least one of these fields.',
    ),
  levels: z
    .partialRecord(z.enum(OUTCOMES), z.enum(LEVELS))
    .optional()
    .describe("Level of an alert by its outcome; the rule's own `level` is for the others."),
  'nothing-let-through': z
    .enum(LEVELS)
    .optional()
    .describe(
      'Correlations only: level of an alert in which a policy was weakened and had had no say about anything that was admitted meanwhile.',
    ),
  enabled: z.boolean().optional().describe('false: the rule gives no alert unless `detect.enable` names it.'),
  learn: learning
    .optional()
    .describe("new_value only: how long after the beginning of a cluster's baseline no alert is given."),
});

/** Parsed `gatewatch` attribute of a rule. */
export interface RuleOptions {
  readonly groupBy: readonly string[];
  /** Milliseconds; absent: the configured default. */
  readonly suppressMs?: number;
  readonly sameAny: readonly string[];
  readonly differAny: readonly string[];
  /** What a refused attempt weighs less than what was let through. */
  readonly levels: Readonly<Partial<Record<Outcome, Level>>>;
  /** Level where a policy was weakened that had had no say about anything that was admitted meanwhile. */
  readonly nothingLetThrough?: Level;
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly learnMs: number;
}

/** By default a repeat is the same actor doing the same to the same object, or to what one owner makes. */
const DEFAULT_GROUP = [
  'user.username',
  'objectRef.namespace',
  'objectRef.resource',
  'gatewatch.object.series',
];

/** What of a rule its options have to do with. */
type Optioned = Pick<RuleMetadata, 'custom' | 'where'> & Pick<Partial<CorrelationRule>, 'type'>;

/** Every alert asks for its rule's options. */
const read = new WeakMap<object, RuleOptions>();

/** @throws RULE_INVALID */
export function ruleOptions(rule: Optioned): RuleOptions {
  const options = read.get(rule) ?? readOptions(rule);
  read.set(rule, options);
  return options;
}

function readOptions(rule: Optioned): RuleOptions {
  const parsed = optionsSchema.safeParse(rule.custom.gatewatch ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const key = ['gatewatch', ...issue.path].join('.');
    throw new GatewatchError('RULE_INVALID', `${key}: ${issue.message}.`, { where: rule.where });
  }
  const { suppress, 'group-by': groupBy, levels, enabled, learn } = parsed.data;
  const { 'same-any': sameAny, 'differ-any': differAny } = parsed.data;
  const refuse = (key: string, why: string): never => {
    throw new GatewatchError('RULE_INVALID', `gatewatch.${key}: ${why}.`, { where: rule.where });
  };
  for (const key of ['same-any', 'differ-any'] as const) {
    if (parsed.data[key] && !isSequence(rule))
      refuse(key, 'belongs to "temporal_ordered" without a count in its condition');
  }
  const nothingLetThrough = parsed.data['nothing-let-through'];
  if (nothingLetThrough && !rule.type) refuse('nothing-let-through', 'belongs to a correlation');
  if (learn !== undefined && rule.type !== 'new_value') refuse('learn', 'belongs to "new_value"');
  return {
    groupBy: groupBy ?? DEFAULT_GROUP,
    ...(suppress === undefined ? {} : { suppressMs: suppress }),
    sameAny: sameAny ?? [],
    differAny: differAny ?? [],
    levels: levels ?? {},
    ...(nothingLetThrough && { nothingLetThrough }),
    enabled: enabled ?? true,
    learnMs: learn ?? LEARN_MS,
  };
}

/** Whether there is a first and a last step. */
function isSequence(rule: Optioned): boolean {
  return (
    rule.type === 'temporal_ordered' && 'condition' in rule && 'expression' in (rule.condition as object)
  );
}

const PREFIX = 'gatewatch.';

/** The detections that a rule's tags name: `gatewatch.ac08` names AC08. */
export function detectionsOf(tags: readonly string[]): string[] {
  return tags
    .filter((tag) => /^gatewatch\.[a-z]{2}\d{2}$/.test(tag))
    .map((tag) => tag.slice(PREFIX.length).toUpperCase());
}

/** What a rule may be named by, in lower case: its id, its name, the detections that its tags name. */
export function labelsOf({ id, name, tags }: RuleMetadata): string[] {
  return [id, ...(name === undefined ? [] : [name]), ...detectionsOf(tags)].map((label) =>
    label.toLowerCase(),
  );
}
