import type { RuleDocument } from './document.ts';
import { isPath } from './event.ts';
import type { NewValueRule } from './model.ts';
import type { AttributeReader } from './reader.ts';

/** Fields whose values make up one value. */
const FIELDS_MAX = 10;

/** What groups do is remembered by the day. */
const TIMESPAN_MS_MIN = 86_400_000;

/** Reads what only a correlation of type `new_value` has, which is Gatewatch's own, and refuses a timespan that is too short for it. */
export function readValueFields(
  document: RuleDocument,
  attributes: AttributeReader,
  timespanMs: number,
): () => Pick<NewValueRule, 'type' | 'fields'> {
  const fields = attributes.texts('field');
  if (!attributes.has('field')) {
    document.refuse('RULE_INVALID', 'The required attribute "field" is missing from "correlation".', [
      'correlation',
    ]);
  } else if (fields.length === 0 || fields.length > FIELDS_MAX || !fields.every(isPath)) {
    attributes.refuse('field', `one to ${FIELDS_MAX} paths of fields or names of aliases`);
  }
  if (attributes.has('condition')) attributes.refuse('condition', 'none: a new value is one that is new');
  if (timespanMs > 0 && timespanMs < TIMESPAN_MS_MIN) {
    attributes.refuse('timespan', 'at least 1d, because what groups do is remembered by the day');
  }
  return () => ({ type: 'new_value', fields });
}
