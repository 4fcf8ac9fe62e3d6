import { OBSERVER_WEBHOOK } from '../../record/observer.ts';
import type { Request } from '../decode/request.ts';

/** Annotation in which the observing webhook's answer leaves its uid; the API server puts the webhook's name before the key. */
export const OBSERVER_ANNOTATION = `${OBSERVER_WEBHOOK}/uid`;

/**
 * What an audit event says of the observing webhook: that it was asked, or could not be reached.
 * @returns undefined if it says nothing of it
 */
export function observerOf(request: Request): 'asked' | 'unreached' | undefined {
  if (!request.mayHaveAnnotation(OBSERVER_WEBHOOK) && !request.mayHaveAnnotation('failed-open.'))
    return undefined;
  const { annotations } = request;
  if (annotations[OBSERVER_ANNOTATION] !== undefined) return 'asked';
  const isPassedOver = ([key, value]: [string, unknown]): boolean =>
    key.startsWith('failed-open.') && value === OBSERVER_WEBHOOK;
  return Object.entries(annotations).some(isPassedOver) ? 'unreached' : undefined;
}
