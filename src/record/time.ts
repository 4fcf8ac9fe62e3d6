/** Event time: microseconds since the Unix epoch, the resolution of audit.k8s.io/v1 timestamps. Safe integers until the year 2255. */
export type EventTime = number;

/** Kubernetes was first published in 2014; an audit event that claims an earlier time carries Go's zero time or a forged one. */
const EARLIEST: EventTime = Date.UTC(2014, 0, 1) * 1000;

/** With its offset: without one `Date.parse` would take the time zone of the machine. */
const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** What the API server writes: no offset, and in events six decimals, in objects none. */
const EVENT_LENGTH = '2026-11-22T12:00:00.123456Z'.length;
const OBJECT_LENGTH = '2026-11-22T12:00:00Z'.length;
const DAY_LENGTH = '2026-11-22T'.length;

/** In microseconds, as event time is. */
export const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;

/** The last day that was read or written, which is that of the next event, too. */
let usual = { day: '2026-01-01T', time: Date.UTC(2026, 0, 1) * 1000 };
let written = { day: Number.NaN, text: '' };

/**
 * Reads an RFC 3339 timestamp to microseconds.
 * @returns undefined if the text is not a timestamp, or lies before Kubernetes existed or too late to be exact.
 */
export function parseEventTime(text: unknown): EventTime | undefined {
  if (typeof text !== 'string') return undefined;
  if (text.startsWith(usual.day)) {
    const microseconds = microsecondsIn(text);
    if (microseconds !== undefined) return possibleTime(usual.time + microseconds);
  }
  const found = RFC_3339.exec(text);
  if (!found) return undefined;
  const [, whole = '', fraction = '', offset = ''] = found;
  const milliseconds = Date.parse(whole + offset);
  const time = possibleTime(milliseconds * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)));
  const day = whole.slice(0, DAY_LENGTH);
  if (time !== undefined && day !== usual.day) usual = { day, time: Date.parse(`${day}00:00:00Z`) * 1000 };
  return time;
}

/** Microseconds of the day of a time as the API server writes it; undefined for another text. */
function microsecondsIn(text: string): number | undefined {
  const whole = text.length === OBJECT_LENGTH;
  if (!whole && (text.length !== EVENT_LENGTH || text[19] !== '.')) return undefined;
  if (text[13] !== ':' || text[16] !== ':' || !text.endsWith('Z')) return undefined;
  const hours = digitsIn(text, 11, 13);
  const minutes = digitsIn(text, 14, 16);
  const seconds = digitsIn(text, 17, 19);
  // Not a number compares as false.
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return undefined;
  const time = ((hours * 60 + minutes) * 60 + seconds) * SECOND + (whole ? 0 : digitsIn(text, 20, 26));
  return Number.isNaN(time) ? undefined : time;
}

const ZERO = '0'.charCodeAt(0);
const NINE = '9'.charCodeAt(0);

/** The number that the digits of a part of a text make; not a number if others are among them. */
function digitsIn(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at);
    if (digit < ZERO || digit > NINE) return Number.NaN;
    value = value * 10 + (digit - ZERO);
  }
  return value;
}

/** @returns undefined for a number of microseconds that cannot be an event's time, for the reasons that `parseEventTime` has */
export function possibleTime(microseconds: number): EventTime | undefined {
  // Not a number compares as false.
  return microseconds >= EARLIEST && microseconds <= Number.MAX_SAFE_INTEGER ? microseconds : undefined;
}

/** A day in the calendar. */
const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * Reads what a person writes for a moment: a date, which is its midnight (UTC), or an RFC 3339 timestamp.
 * @returns undefined if the text is neither
 */
export function parseMoment(text: unknown): EventTime | undefined {
  if (typeof text !== 'string' || !DATE.test(text)) return parseEventTime(text);
  const time = parseEventTime(`${text}T00:00:00Z`);
  // `Date.parse` takes the 30th of February for the 2nd of March.
  return time !== undefined && formatEventTime(time).startsWith(text) ? time : undefined;
}

/** The RFC 3339 form, with six decimals as the API server writes them. */
export function formatEventTime(time: EventTime): string {
  const day = Math.floor(time / DAY);
  if (day !== written.day)
    written = { day, text: new Date((day * DAY) / 1000).toISOString().slice(0, DAY_LENGTH) };
  const ofDay = time - day * DAY;
  const seconds = Math.floor(ofDay / SECOND);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const fraction = String(ofDay - seconds * SECOND).padStart(6, '0');
  return `${written.text}${padded(hours)}:${padded(minutes)}:${padded(seconds % 60)}.${fraction}Z`;
}

function padded(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}
