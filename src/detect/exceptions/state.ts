import type { EventTime } from '../../record/time.ts';
import type { Exception } from './model.ts';

/** How an exception stands at some time. `ending`: it holds, and not for long. */
export type ExceptionState = 'not-yet' | 'active' | 'ending' | 'expired';

const DAY = 86_400_000_000;

/** How long before its end somebody should see to it. */
const ENDING_DAYS = 14;

/** For people and metrics only: which events it holds of does not depend on the clock. */
export function stateOf({ from, expires }: Exception, now: EventTime): ExceptionState {
  if (now >= expires) return 'expired';
  if (from !== undefined && now < from) return 'not-yet';
  return daysLeft({ expires }, now) <= ENDING_DAYS ? 'ending' : 'active';
}

/** Days until it expires, those begun as well; 0 once it has. */
export function daysLeft({ expires }: Pick<Exception, 'expires'>, now: EventTime): number {
  return Math.max(0, Math.ceil((expires - now) / DAY));
}
