import { randomUUID } from 'node:crypto';
import { Client } from '@elastic/elasticsearch';
import { alertsPattern, auditEventsStream } from '../../../../src/index/elasticsearch/names.ts';
import type { ElasticsearchOptions } from '../../../../src/index/elasticsearch/options.ts';
import { installTemplates } from '../../../../src/index/elasticsearch/setup.ts';
import { ElasticsearchAlertStore } from '../../../../src/index/elasticsearch/store.ts';
import { plannedTemplates } from '../../../../src/index/elasticsearch/templates.ts';
import { type ReceivedRecord, recordId } from '../../../../src/record/record.ts';
import { sharedElasticsearch } from '../../../servers/shared.ts';

/** Options as the configuration has them. */
export function optionsFor(
  namespace: string,
  chosen: Partial<ElasticsearchOptions> = {},
): ElasticsearchOptions {
  return {
    nodes: [],
    namespace,
    request_seconds_max: 30,
    bulk_bytes_max: BULK_BYTES_MAX,
    audit_events: { enabled: true, retention_days: 30 },
    ...chosen,
  };
}

export const BULK_BYTES_MAX = 5_242_880;

/** A client of the Elasticsearch that all tests share. */
export async function sharedClient(): Promise<Client> {
  return new Client({ node: await sharedElasticsearch(), maxRetries: 0 });
}

/** A namespace that no other test uses. */
export function freshNamespace(): string {
  return `t${randomUUID().replaceAll('-', '')}`;
}

/** What is installed for a namespace. */
export function templatesFor(namespace: string) {
  return plannedTemplates(optionsFor(namespace));
}

/** A store that finds at once what it was given, in a namespace of its own with its templates. */
export async function openStore(
  client: Client,
  namespace = freshNamespace(),
): Promise<ElasticsearchAlertStore> {
  await installTemplates(client, templatesFor(namespace).slice(0, 1));
  return new ElasticsearchAlertStore(client, { namespace, bulk_bytes_max: BULK_BYTES_MAX, refresh: true });
}

/** Removes what a namespace has of its own. The reduced distribution that tests run on cannot delete a data stream (405): it stays. */
export async function removeNamespace(client: Client, namespace: string): Promise<void> {
  const { indices } = await client.indices.resolveIndex({
    name: alertsPattern(namespace),
    expand_wildcards: 'all',
  });
  for (const { name } of indices) await client.indices.delete({ index: name });
  await client.indices.deleteDataStream({ name: auditEventsStream(namespace) }, { ignore: [404, 405] });
  for (const { index } of templatesFor(namespace))
    await client.indices.deleteIndexTemplate({ name: index.name }, { ignore: [400, 404] });
}

/** A record of an audit event, as the receiver makes it. */
export function auditRecord(event: object, cluster = 'prod-eu'): ReceivedRecord {
  const bytes = Buffer.from(JSON.stringify(event));
  const id = recordId(cluster, bytes);
  const receivedMs = Date.UTC(2026, 10, 22);
  return {
    kind: 'audit.event',
    cluster,
    key: `${cluster}/`,
    id,
    receivedMs,
    bytes,
    bodies: [],
    redacted: [],
  };
}
