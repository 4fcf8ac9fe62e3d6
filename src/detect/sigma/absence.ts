import type { AbsenceRule } from './model.ts';
import type { AttributeReader } from './reader.ts';

const TIMESPAN_MS_MIN = 10_000;

/** In how many parts the timespan is looked at. */
const BEATS = 10;

/** How long a beat is, microseconds: of its matches nothing is told but that there was one. */
export function beatOf({ timespanMs }: Pick<AbsenceRule, 'timespanMs'>): number {
  return (timespanMs * 1000) / BEATS;
}

/** Refuses what a correlation of type `absence`, which is Gatewatch's own, cannot have. */
export function readAbsence(
  attributes: AttributeReader,
  timespanMs: number,
): () => Pick<AbsenceRule, 'type'> {
  for (const key of ['condition', 'field'] as const)
    if (attributes.has(key)) attributes.refuse(key, 'none: an absence is that nothing matches');
  if (timespanMs > 0 && timespanMs < TIMESPAN_MS_MIN) attributes.refuse('timespan', 'at least 10s');
  return () => ({ type: 'absence' });
}
