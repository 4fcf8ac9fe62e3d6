import type { Client } from '@elastic/elasticsearch';
import { alertsPattern, monthEndMs } from './names.ts';
import { hasStatus, storeError } from './store-error.ts';

const DAY_MS = 86_400_000;

/**
 * Deletes the indices of months that ended longer ago than alerts are kept. Other indices are left alone, also that of alerts without
 * a time, which are few.
 * @returns the names of the deleted indices
 * @throws STORE_*
 */
export async function deleteOldMonths(
  client: Client,
  namespace: string,
  retentionDays: number,
  nowMs = Date.now(),
): Promise<string[]> {
  try {
    const { indices } = await client.indices.resolveIndex({
      name: alertsPattern(namespace),
      expand_wildcards: ['open', 'closed'],
    });
    const old = indices
      .map(({ name }) => name)
      .filter((name) => (monthEndMs(namespace, name) ?? nowMs) < nowMs - retentionDays * DAY_MS);
    for (const index of old) await client.indices.delete({ index }).catch(unlessGone);
    return old;
  } catch (error) {
    throw storeError(error);
  }
}

/** Another process may have been faster. */
function unlessGone(error: unknown): void {
  if (!hasStatus(error, 404)) throw error;
}
