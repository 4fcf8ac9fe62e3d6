import type { RuleDocument } from './document.ts';
import { isPath } from './event.ts';
import type { CorrelationType } from './model.ts';
import type { AttributeReader } from './reader.ts';

/** Fields whose values make up one value. */
const FIELDS_MAX = 10;

/** What groups do is remembered by the day. */
const TIMESPAN_MS_MIN = 86_400_000;

/**
 * Reads `field` of a correlation of type `new_value`, which is Gatewatch's own, and refuses a timespan that is too short for it.
 * @returns undefined for the other types, which must not have it
 */
export function readValueFields(
  document: RuleDocument,
  attributes: AttributeReader,
  type: CorrelationType | undefined,
  timespanMs: number,
): readonly string[] | undefined {
  if (type !== 'new_value') {
    if (type && attributes.has('field'))
      attributes.refuse('field', 'none: it belongs to the type "new_value"');
    return undefined;
  }
  const fields = attributes.texts('field');
  if (!attributes.has('field')) {
    document.refuse('RULE_INVALID', 'The required attribute "field" is missing from "correlation".', [
      'correlation',
    ]);
  } else if (fields.length === 0 || fields.length > FIELDS_MAX || !fields.every(isPath)) {
    attributes.refuse('field', `one to ${FIELDS_MAX} paths of fields or names of aliases`);
  }
  if (timespanMs > 0 && timespanMs < TIMESPAN_MS_MIN) {
    attributes.refuse('timespan', 'at least 1d, because what groups do is remembered by the day');
  }
  return fields;
}
