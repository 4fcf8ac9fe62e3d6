import { join } from 'node:path';
import { z } from 'zod';
import { type ClusterConfig, clusterSchema } from '../config/sections/clusters.ts';
import { GatewatchError } from '../errors.ts';
import { exclusively, makePrivateFolder, readIfPresent, writeWhole } from './private-files.ts';

/** Keys that a newer Gatewatch may have added are passed over: the file is written by commands, not by people. */
const clustersSchema = z.array(z.object(clusterSchema.shape));

/** The file of clusters that `gatewatch setup` registered, in the shape of the configuration's `clusters`. */
export function clustersFile(dataDir: string): string {
  return join(dataDir, 'clusters.json');
}

/**
 * Reads the registered clusters; none if the file does not exist or is empty.
 * @throws GatewatchError CONFIG_INVALID or CONFIG_UNREADABLE, naming the file and what is wrong in it.
 */
export async function readClusters(dataDir: string): Promise<ClusterConfig[]> {
  const path = clustersFile(dataDir);
  const text = ((await readIfPresent(path)) ?? '').trim();
  if (text === '') return [];
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new GatewatchError('CONFIG_UNREADABLE', `Not JSON: ${(cause as Error).message}.`, {
      where: path,
      cause,
    });
  }
  const result = clustersSchema.safeParse(content);
  if (!result.success) {
    throw new GatewatchError('CONFIG_INVALID', z.prettifyError(result.error), { where: path });
  }
  return result.data;
}

/**
 * Adds a cluster to the file, atomically; a running `serve` that watches the file takes it up.
 * @param options.replace puts it in the place of a registered cluster of the same name; without it that is an error.
 */
export async function addCluster(
  dataDir: string,
  cluster: ClusterConfig,
  options: { replace?: boolean } = {},
): Promise<void> {
  await makePrivateFolder(dataDir);
  await exclusively(dataDir, async () => {
    const clusters = await readClusters(dataDir);
    const others = clusters.filter(({ name }) => name !== cluster.name);
    if (others.length < clusters.length && !options.replace) {
      throw new GatewatchError('USAGE_INVALID', `Cluster ${cluster.name} is registered already.`, {
        where: clustersFile(dataDir),
      });
    }
    await writeWhole(clustersFile(dataDir), `${JSON.stringify([...others, cluster], null, 2)}\n`);
  });
}

/** All clusters that may send: those of the configuration and the registered ones; credentials of one name are joined. */
export function joinClusters(...lists: readonly (readonly ClusterConfig[])[]): ClusterConfig[] {
  const byName = new Map<string, ClusterConfig>();
  for (const cluster of lists.flat()) {
    const known = byName.get(cluster.name);
    byName.set(cluster.name, {
      name: cluster.name,
      audit_token_sha256: [...(known?.audit_token_sha256 ?? []), ...cluster.audit_token_sha256],
      admission_token_sha256: [...(known?.admission_token_sha256 ?? []), ...cluster.admission_token_sha256],
      decision_token_sha256: [...(known?.decision_token_sha256 ?? []), ...cluster.decision_token_sha256],
      client_certificate_names: [
        ...(known?.client_certificate_names ?? []),
        ...cluster.client_certificate_names,
      ],
    });
  }
  return [...byName.values()];
}
