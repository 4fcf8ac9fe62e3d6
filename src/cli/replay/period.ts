import { decode } from '../../detect/decode/decode.ts';
import { GatewatchError } from '../../errors.ts';
import type { Alert } from '../../record/alert.ts';
import type { ReceivedRecord } from '../../record/record.ts';
import { type EventTime, parseEventTime, parseMoment } from '../../record/time.ts';

/** From when to when, both event time; what is absent is open. */
export interface Period {
  readonly from?: EventTime;
  readonly to?: EventTime;
}

/**
 * The period that two options name, each a date (its midnight, UTC) or an RFC 3339 timestamp.
 * @throws USAGE_INVALID
 */
export function periodOf({ from, to }: { readonly from?: string; readonly to?: string }): Period {
  const period = {
    ...(from === undefined ? {} : { from: timeOf('--from', from) }),
    ...(to === undefined ? {} : { to: timeOf('--to', to) }),
  };
  if (period.from !== undefined && period.to !== undefined && period.from >= period.to)
    throw new GatewatchError('USAGE_INVALID', 'The period ends before it begins.', { where: '--to' });
  return period;
}

function timeOf(where: string, text: string): EventTime {
  const time = parseMoment(text);
  if (time !== undefined) return time;
  const what = `${text} is no time. Write a date (2026-11-22) or a timestamp (2026-11-22T13:00:00Z).`;
  throw new GatewatchError('USAGE_INVALID', what, { where });
}

/** False for a record whose event came after the period. What came before it is read all the same: alerts rest on it. */
export function isBefore({ to }: Period, record: ReceivedRecord): boolean {
  if (to === undefined || record.kind === 'admission.review') return true;
  try {
    const { time } = decode(record, Number.POSITIVE_INFINITY);
    return time === undefined || time < to;
  } catch {
    return true; // the stage puts it among the dead letters
  }
}

/** True if something of the alert happened in the period. */
export function isWithin({ from }: Period, alert: Alert): boolean {
  return from === undefined || (parseEventTime(alert['@timestamp']) ?? from) >= from;
}
