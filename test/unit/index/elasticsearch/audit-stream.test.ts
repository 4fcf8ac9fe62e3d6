import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Client, estypes } from '@elastic/elasticsearch';
import { AuditEventStream } from '../../../../src/index/elasticsearch/audit-stream.ts';
import { auditEventsStream } from '../../../../src/index/elasticsearch/names.ts';
import { installTemplates } from '../../../../src/index/elasticsearch/setup.ts';
import { removeShared } from '../../../servers/shared.ts';
import {
  auditRecord,
  BULK_BYTES_MAX,
  freshNamespace,
  removeNamespace,
  sharedClient,
  templatesFor,
} from './support.ts';

const RECORDING = join(
  import.meta.dirname,
  '../../../fixtures/recordings/02h-denied-relabel-succeed-revert.ndjson',
);

function nested(depth: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

describe('AuditEventStream', () => {
  let client: Client;
  const namespace = freshNamespace();
  const name = auditEventsStream(namespace);
  let stream: AuditEventStream;

  before(async () => {
    client = await sharedClient();
    await installTemplates(client, templatesFor(namespace).slice(1));
    stream = new AuditEventStream(client, { namespace, bulk_bytes_max: BULK_BYTES_MAX, refresh: true });
  });
  after(async () => {
    await removeNamespace(client, namespace);
    await client.close();
    await removeShared();
  });

  const countOf = async (query: estypes.QueryDslQueryContainer) =>
    (await client.count({ index: name, query })).count;

  it('keeps a recording of a real API server, with its labels, in a data stream', async () => {
    const lines = readFileSync(RECORDING, 'utf8').trim().split('\n');
    const records = lines.map((line) => auditRecord(JSON.parse(line)));
    assert.deepEqual(await stream.put(records), []);
    assert.equal(await countOf({ match_all: {} }), records.length);
    const { data_streams } = await client.indices.resolveIndex({ name });
    assert.equal(data_streams[0]?.backing_indices.length, 1);
    const { index_templates } = await client.indices.getIndexTemplate({
      name: `gatewatch-audit-events-${namespace}`,
    });
    assert.equal(index_templates[0]?.index_template.template?.lifecycle?.data_retention, '720h');

    const relabelled = {
      term: {
        'kubernetes.audit.responseObject.metadata.labels.pod-security.kubernetes.io/enforce': 'privileged',
      },
    };
    assert.ok((await countOf(relabelled)) > 0, 'by a label, as no rule on the integration can');
    const allowed = { term: { 'kubernetes.audit.annotations.authorization_k8s_io/decision': 'allow' } };
    assert.ok((await countOf(allowed)) > 0);
    assert.equal(
      await countOf({ bool: { filter: [allowed], must_not: [{ term: { 'event.outcome': 'success' } }] } }),
      0,
    );
    assert.ok((await countOf({ match: { 'kubernetes.audit.user.groups': 'platform' } })) > 0);

    assert.deepEqual(await stream.put(records), [], 'again');
    assert.equal(await countOf({ match_all: {} }), records.length);
  });

  it("has the layout of Elastic's kubernetes integration", async () => {
    const record = auditRecord({
      level: 'RequestResponse',
      auditID: 'id-1',
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/payments/pods',
      verb: 'create',
      user: {
        username: 'bob',
        uid: 'u1',
        groups: ['platform'],
        extra: { 'authentication.kubernetes.io/credential-id': ['x'] },
      },
      impersonatedUser: { username: 'eve' },
      sourceIPs: ['10.40.7.21', 'forged', '10.40.7.22'],
      userAgent: 'kubectl/v1.37.2',
      objectRef: { resource: 'pods', namespace: 'payments', name: 'r00t', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: {
        metadata: { labels: { 'app.kubernetes.io/name': 'x' } },
        spec: { hostPID: true, containers: [{ image: 'a:1' }] },
      },
      requestReceivedTimestamp: '2026-11-22T13:37:31.200000Z',
      stageTimestamp: '2026-11-22T13:37:31.204417Z',
      annotations: { 'authorization.k8s.io/decision': 'allow', 'audit.k8s.io/x': 'y' },
    });
    assert.deepEqual(await stream.put([record]), []);
    const { hits } = await client.search<{ event: { ingested: string } }>({
      index: name,
      query: { ids: { values: [record.id] } },
    });
    const { event, ...source } = hits.hits[0]!._source!;
    const { ingested, ...said } = event;
    assert.ok(Math.abs(Date.parse(ingested) - Date.now()) < 60_000);
    assert.deepEqual(said, {
      kind: 'event',
      id: record.id,
      module: 'kubernetes',
      dataset: 'kubernetes.audit_logs',
      action: 'create',
      outcome: 'success',
    });
    assert.deepEqual(source, {
      '@timestamp': '2026-11-22T13:37:31.204417Z',
      ecs: { version: '9.4.0' },
      data_stream: { type: 'logs', dataset: 'kubernetes.audit_logs', namespace },
      orchestrator: {
        type: 'kubernetes',
        api_version: 'audit.k8s.io/v1',
        cluster: { name: 'prod-eu' },
        namespace: 'payments',
        resource: { type: 'pods', name: 'r00t' },
      },
      user: { id: 'u1', name: 'bob' },
      user_agent: { original: 'kubectl/v1.37.2' },
      source: { ip: ['10.40.7.21', 'forged', '10.40.7.22'] },
      client: { ip: ['10.40.7.21', 'forged', '10.40.7.22'] },
      container: { image: { name: ['a:1'] } },
      related: { user: ['u1', 'bob', 'eve'], ip: ['10.40.7.21', 'forged', '10.40.7.22'] },
      kubernetes: {
        audit: {
          kind: 'Event',
          apiVersion: 'audit.k8s.io/v1',
          level: 'RequestResponse',
          auditID: 'id-1',
          stage: 'ResponseComplete',
          requestURI: '/api/v1/namespaces/payments/pods',
          verb: 'create',
          sourceIPs: ['10.40.7.21', 'forged', '10.40.7.22'],
          userAgent: 'kubectl/v1.37.2',
          objectRef: { resource: 'pods', namespace: 'payments', name: 'r00t', apiVersion: 'v1' },
          responseStatus: { metadata: {}, code: 201 },
          requestReceivedTimestamp: '2026-11-22T13:37:31.200000Z',
          stageTimestamp: '2026-11-22T13:37:31.204417Z',
          requestObject: {
            metadata: { labels: { 'app.kubernetes.io/name': 'x' } },
            spec: { hostPID: true, containers: [{ image: 'a:1' }] },
          },
          annotations: { 'authorization_k8s_io/decision': 'allow', 'audit_k8s_io/x': 'y' },
          user: {
            username: 'bob',
            uid: 'u1',
            groups: ['platform'],
            extra: { 'authentication.kubernetes.io/credential-id': ['x'] },
          },
          impersonatedUser: { username: 'eve', extra: {} },
        },
      },
    });
    for (const [field, value] of [
      ['source.ip', '10.40.7.22'],
      ['kubernetes.audit.requestObject.spec.hostPID', 'true'],
      ['kubernetes.audit.requestObject.metadata.labels.app.kubernetes.io/name', 'x'],
      ['kubernetes.audit.user.extra.authentication.kubernetes.io/credential-id', 'x'],
      ['kubernetes.audit.responseStatus.code', '201'],
    ] as const)
      assert.ok(
        (await countOf({
          bool: { filter: [{ ids: { values: [record.id] } }, { term: { [field]: value } }] },
        })) === 1,
        field,
      );
  });

  it('takes objects of any depth, size and type', async () => {
    const custom = (requestObject: unknown, more: object = {}) =>
      auditRecord({ auditID: 'hostile', verb: 'create', requestObject, ...more });
    const hostile = [
      custom(nested(180)),
      custom({ spec: 'text' }),
      custom({ spec: { containers: 'none', hostPID: { a: 1 }, type: [1, { b: 2 }] } }),
      custom({
        metadata: { labels: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`l${i}`, `${i}`])) },
      }),
      custom({ ['k'.repeat(50_000)]: 'v', 'a\0b': 'c', '': 'd', '.': 'e', ['x'.padEnd(2000, '.y')]: 'f' }),
      custom(JSON.parse('{"__proto__": {"constructor": 1}}')),
      custom({ data: 'x'.repeat(7_000_000) }),
      custom([{ op: 'add', path: '/metadata/labels/a~1b', value: 'c' }, 7]),
      custom('a text'),
      custom(null, { annotations: { 'a\0.b': 'x'.repeat(100_000) }, user: { extra: { 'a\0b': ['c'] } } }),
      custom({}, { userAgent: 'x'.repeat(1_000_000), sourceIPs: ['', '::1', '1.2.3.4.5'] }),
      custom({}, { stageTimestamp: 'never', requestReceivedTimestamp: 7, responseStatus: { code: 'x' } }),
      custom({}, { user: 'text', objectRef: null, annotations: [], impersonatedUser: 5 }),
    ];
    assert.deepEqual(await stream.put(hostile), []);
    assert.equal(await countOf({ term: { 'kubernetes.audit.auditID': 'hostile' } }), hostile.length);
    assert.ok((await countOf({ term: { tags: 'gatewatch-cut' } })) >= 4, 'what says less is marked');
    const patched = { term: { 'kubernetes.audit.requestObject.path': '/metadata/labels/a~1b' } };
    assert.equal(await countOf(patched), 1);
  });

  it('names the records that it cannot store, and stores the others', async () => {
    const good = auditRecord({ auditID: 'good' });
    const wrong = auditRecord({ auditID: { not: 'a text' } });
    const notJson = { ...auditRecord({}), bytes: Buffer.from('{') };
    const review = { ...auditRecord({ auditID: 'review' }), kind: 'admission.review' as const };
    const refused = await stream.put([notJson, wrong, review, good]);
    assert.deepEqual(new Set(refused.map(({ record }) => record)), new Set([notJson, wrong]));
    for (const { error } of refused) assert.equal(error.code, 'STORE_REFUSED_DOCUMENT');
    assert.match(refused.find(({ record }) => record === wrong)!.error.message, /auditID/);
    assert.equal(await countOf({ term: { 'kubernetes.audit.auditID': 'good' } }), 1);
    assert.equal(await countOf({ term: { 'kubernetes.audit.auditID': 'review' } }), 0);
  });

  it('writes nowhere if no template makes the data stream', async () => {
    const other = new AuditEventStream(client, {
      namespace: freshNamespace(),
      bulk_bytes_max: BULK_BYTES_MAX,
    });
    await assert.rejects(other.put([auditRecord({ verb: 'get' })]), {
      code: 'STORE_NOT_ALLOWED',
      message: /no matching index template with data stream template/,
    });
  });
});
