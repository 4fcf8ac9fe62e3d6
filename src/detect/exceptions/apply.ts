import type { EventTime } from '../../record/time.ts';
import type { EventFields } from '../sigma/event.ts';
import type { Exception } from './model.ts';

/** Exceptions by the id of the rule or correlation from which they take matches, in the order given. */
export function byTarget(exceptions: readonly Exception[]): ReadonlyMap<string, readonly Exception[]> {
  const found = new Map<string, Exception[]>();
  for (const exception of exceptions) {
    for (const target of exception.targets) {
      const known = found.get(target);
      if (known) known.push(exception);
      else found.set(target, [exception]);
    }
  }
  return found;
}

/**
 * The first of some exceptions that holds of an event.
 * @param began when the request began: the same in all its records, so that an exception which ends meanwhile holds of all of them or of none.
 * Without a time that can be believed no exception holds
 */
export function exceptionOf(
  exceptions: readonly Exception[],
  event: EventFields,
  began: EventTime | undefined,
): Exception | undefined {
  if (began === undefined) return undefined;
  return exceptions.find(
    ({ from, expires, matches }) =>
      began < expires && (from === undefined || began >= from) && matches(event),
  );
}
