import { readFileSync } from 'node:fs';
import { Client, type ClientOptions } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import type { ElasticsearchOptions } from './options.ts';
import { pinnedConnection } from './pinned-connection.ts';

/** Tries on another node, or once more on the only one, before a request counts as failed. */
const RETRIES_MAX = 1;

/**
 * A client of the cluster; nothing is connected yet. Credentials and certificates are read now. Nodes are not discovered: what is
 * configured may be a load balancer.
 * @throws FILE_UNREADABLE
 */
export function elasticsearchClient(options: ElasticsearchOptions): Client {
  const { nodes, cloud_id, ca_file, ca_fingerprint_sha256: fingerprint, request_seconds_max } = options;
  const ca = ca_file === undefined ? undefined : read(ca_file);
  return new Client({
    ...(cloud_id === undefined ? { nodes: [...nodes] } : { cloud: { id: cloud_id } }),
    ...authOf(options),
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(fingerprint === undefined ? {} : { Connection: pinnedConnection(fingerprint, ca) }),
    requestTimeout: request_seconds_max * 1000,
    maxRetries: RETRIES_MAX,
    // By which tasks and slow requests are told apart in Elasticsearch's own logs.
    headers: { 'user-agent': 'gatewatch', 'x-opaque-id': 'gatewatch' },
  });
}

function authOf({
  username,
  password_file,
  api_key_file,
}: ElasticsearchOptions): Pick<ClientOptions, 'auth'> {
  if (api_key_file !== undefined) return { auth: { apiKey: read(api_key_file).trim() } };
  if (username === undefined || password_file === undefined) return {};
  return { auth: { username, password: read(password_file).trim() } };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: file, cause });
  }
}
