import type { Client } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import { hasStatus, storeError } from './store-error.ts';

/** The oldest version that knows all that is used: the lifecycle of data streams became generally available with it. */
const OLDEST = [8, 13] as const;

/**
 * Makes sure that what answers is Elasticsearch, of a version that is supported. Each answer says the product, and the client insists on it;
 * the version is asked for.
 * @returns the version of the oldest node; undefined if the user may not know it (it takes the cluster privilege `monitor`)
 * @throws STORE_UNSUPPORTED if it is another product or too old; STORE_*
 */
export async function checkServer(client: Client): Promise<string | undefined> {
  const version = await versionOf(client);
  if (version !== undefined && compare(version, OLDEST) < 0) {
    throw new GatewatchError(
      'STORE_UNSUPPORTED',
      `The server is Elasticsearch ${version}; ${OLDEST.join('.')} is the oldest that will do.`,
    );
  }
  return version;
}

async function versionOf(client: Client): Promise<string | undefined> {
  try {
    const nodes = await client.nodes.info({ filter_path: 'nodes.*.version' });
    const versions = Object.values(nodes.nodes ?? {}).map(({ version }) => version);
    return versions.toSorted((a, b) => compare(a, numbersOf(b)))[0];
  } catch (error) {
    if (hasStatus(error, 403)) return undefined;
    throw storeError(error);
  }
}

function compare(version: string, other: readonly number[]): number {
  const numbers = numbersOf(version);
  const at = other.findIndex((number, index) => number !== numbers[index]);
  return at < 0 ? 0 : (numbers[at] ?? 0) - other[at]!;
}

function numbersOf(version: string): number[] {
  return version.split(/[.-]/, 3).map(Number);
}
