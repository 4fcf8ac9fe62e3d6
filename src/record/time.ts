/** Event time: microseconds since the Unix epoch, the resolution of audit.k8s.io/v1 timestamps. Safe integers until the year 2255. */
export type EventTime = number;

/** Kubernetes was first published in 2014; an audit event that claims an earlier time carries Go's zero time or a forged one. */
const EARLIEST: EventTime = Date.UTC(2014, 0, 1) * 1000;

/** With its offset: without one `Date.parse` would take the time zone of the machine. */
const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** What the API server writes: six decimals and no offset. */
const USUAL_LENGTH = '2026-11-22T12:00:00.123456Z'.length;
const SECOND_LENGTH = '2026-11-22T12:00:00'.length;

/** The last whole second that was read or written, which is that of the next event, too. */
let read = { text: '', milliseconds: Number.NaN };
let usual = { second: '2026-01-01T00:00:00.', time: Date.UTC(2026, 0, 1) * 1000 };
let written = { second: Number.NaN, text: '' };

/**
 * Reads an RFC 3339 timestamp to microseconds.
 * @returns undefined if the text is not a timestamp, or lies before Kubernetes existed or too late to be exact.
 */
export function parseEventTime(text: unknown): EventTime | undefined {
  if (typeof text !== 'string') return undefined;
  if (text.length === USUAL_LENGTH && text.startsWith(usual.second)) {
    const microseconds = microsecondsIn(text);
    if (microseconds !== undefined) return usual.time + microseconds;
  }
  const found = RFC_3339.exec(text);
  if (!found) return undefined;
  const fraction = found[2] ?? '';
  const whole = found[1]! + found[3]!;
  if (whole !== read.text) read = { text: whole, milliseconds: Date.parse(whole) };
  const time = possibleTime(read.milliseconds * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)));
  if (time !== undefined && found[3] === 'Z')
    usual = { second: `${found[1]}.`, time: read.milliseconds * 1000 };
  return time;
}

const ZERO = '0'.charCodeAt(0);
const NINE = '9'.charCodeAt(0);

/** The six decimals of a time as the API server writes it; undefined for another text. */
function microsecondsIn(text: string): number | undefined {
  if (!text.endsWith('Z')) return undefined;
  let value = 0;
  for (let at = SECOND_LENGTH + 1; at < USUAL_LENGTH - 1; at++) {
    const digit = text.charCodeAt(at);
    if (digit < ZERO || digit > NINE) return undefined;
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
  const second = Math.floor(time / 1_000_000);
  if (second !== written.second) {
    const [text = ''] = new Date(second * 1000).toISOString().split('.');
    written = { second, text };
  }
  return `${written.text}.${String(time - second * 1_000_000).padStart(6, '0')}Z`;
}
