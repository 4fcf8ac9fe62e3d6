import { GatewatchError } from '../errors.ts';
import type { DeliveredEntry, LogEntry, Topic } from '../log/port.ts';

/**
 * What a stage could not take in, as an entry of `dead-letters`: the entry as it was, where it came from, and why.
 * @param thrown what processing it threw
 */
export function deadLetter(
  topic: Topic,
  { key, value, headers, offset }: DeliveredEntry,
  thrown: unknown,
): LogEntry {
  const error =
    thrown instanceof GatewatchError
      ? thrown
      : new GatewatchError('INTERNAL', `Processing failed: ${String(thrown)}.`, { cause: thrown });
  const { code, where = `${topic}@${offset}`, message: what } = error;
  // Its own headers stay, so that a retry puts it back as it was.
  return { key, value, headers: { received: String(Date.now()), ...headers, topic, code, where, what } };
}
