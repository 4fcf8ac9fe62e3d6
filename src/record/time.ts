/** Event time: microseconds since the Unix epoch, the resolution of audit.k8s.io/v1 timestamps. Safe integers until the year 2255. */
export type EventTime = number;

/** Kubernetes was first published in 2014; an audit event that claims an earlier time carries Go's zero time or a forged one. */
const EARLIEST: EventTime = Date.UTC(2014, 0, 1) * 1000;

/**
 * Reads an RFC 3339 timestamp to microseconds.
 * @returns undefined if the text is not a timestamp, or lies before Kubernetes existed.
 */
export function parseEventTime(text: unknown): EventTime | undefined {
  if (typeof text !== 'string' || text.length > 40) return undefined;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) return undefined;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  const microseconds = Number(fraction.padEnd(6, '0').slice(3, 6));
  const time = milliseconds * 1000 + microseconds;
  return time < EARLIEST ? undefined : time;
}

/** The RFC 3339 form, with six decimals as the API server writes them. */
export function formatEventTime(time: EventTime): string {
  const milliseconds = Math.floor(time / 1000);
  const rest = String(time - milliseconds * 1000).padStart(3, '0');
  return new Date(milliseconds).toISOString().replace('Z', `${rest}Z`);
}
