import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocument } from '../../../../src/receive/files/parse.ts';
import { event, LIMITS, ORIGIN } from '../support.ts';

const CLOUDS = join(import.meta.dirname, '../../../fixtures/clouds');

const parse = (document: unknown) => {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return parseDocument(Buffer.from(text), ORIGIN, LIMITS, 'file:1');
};

/** The bytes of the events in a document, and what was refused. */
function inside(document: unknown): { events: string[]; faults: string[] } {
  const { records, rejected } = parse(document);
  return {
    events: records.map(({ bytes }) => bytes.toString()),
    faults: rejected.map(({ code, where }) => `${code} ${where}`),
  };
}

/** The entry of Google Cloud's logs that a document holds, which is about namespace `web`. */
function entryIn(document: unknown): unknown {
  const { records, rejected } = parse(document);
  assert.deepEqual(rejected, []);
  const [record] = records;
  assert.deepEqual([record!.kind, record!.key], ['google.log-entry', 'prod/web']);
  return JSON.parse(record!.bytes.toString());
}

const one = event();
const two = event({ auditID: 'a-2', userAgent: 'a "quoted" \\ name\n' });

const azure = (log: unknown, fields: object = {}) => ({
  category: 'kube-audit',
  operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
  properties: { log, pod: 'kube-apiserver-1', stream: 'stdout' },
  time: '2026-08-22T10:11:12.0000000Z',
  ...fields,
});

const subscription = (...messages: unknown[]) => ({
  messageType: 'DATA_MESSAGE',
  logGroup: '/aws/eks/prod/cluster',
  logStream: 'kube-apiserver-audit-0123456789abcdef',
  logEvents: messages.map((message, id) => ({ id: `${id}`, timestamp: 1787393472138, message })),
});

test('the samples of each cloud hold one event each', () => {
  for (const name of ['aks-eventhub-record-batch', 'eks-cloudwatch-subscription-decoded']) {
    const { records, rejected } = parse(readFileSync(join(CLOUDS, `${name}.json`), 'utf8'));
    assert.deepEqual(rejected, []);
    const [record] = records;
    assert.equal(records.length, 1);
    assert.equal(record!.kind, 'audit.event');
    assert.equal(record!.key, 'prod/prod');
    assert.equal(JSON.parse(record!.bytes.toString()).auditID, '3f6c1f0e-8f0c-4a53-9a3c-1d2e3f405162');
  }
  const { records } = parse(readFileSync(join(CLOUDS, 'gke-logentry.json'), 'utf8'));
  assert.deepEqual(
    records.map(({ kind, key }) => [kind, key]),
    [['google.log-entry', 'prod/prod']],
  );
});

test('what clouds store of an event is its own bytes, however they wrap it', () => {
  const both = { events: [one, two], faults: [] };
  for (const document of [
    { records: [azure(one), azure(`${two}\n`, { category: 'kube-audit-admin' })] },
    [azure(one), azure(two)],
    [{ records: [azure(one)] }, { records: [azure(two)] }],
    { records: [azure(JSON.parse(one)), azure(JSON.parse(two))] },
    { records: [azure(one), { ...azure(two), properties: JSON.stringify(azure(two).properties) }] },
    [
      { Category: 'kube-audit', log_s: one, pod_s: 'kube-apiserver-1' },
      { Category: 'kube-audit', log_s: two },
    ],
    subscription(one, two),
    {
      events: [one, two].map((message) => ({
        logStreamName: 'kube-apiserver-audit-1',
        timestamp: 1,
        message,
      })),
    },
    [
      { timestamp: 1, message: one },
      { timestamp: 2, message: two },
    ],
    [
      { '@timestamp': '2026-08-22 10:11:12.138', '@message': one },
      { '@timestamp': '2026-08-22 10:11:12.138', '@message': JSON.parse(two) },
    ],
    [
      { log: `${one}\n`, stream: 'stdout' },
      { log: `${two}\n`, stream: 'stdout' },
    ],
    [
      { '@timestamp': '2026-08-22T10:11:12.138Z', kubernetes: { audit: JSON.parse(one) } },
      { _index: 'logs', _source: { event: { kind: 'event' }, kubernetes: { audit: JSON.parse(two) } } },
    ],
    [one, two].map((each) => ({
      event: { dataset: 'azure.platformlogs' },
      azure: { platformlogs: azure(JSON.parse(each)) },
    })),
  ]) {
    assert.deepEqual(inside(document), both, JSON.stringify(document));
    assert.deepEqual(inside(JSON.stringify(document, null, 2)).faults, []);
  }
  assert.deepEqual(inside(`2026-08-22T10:11:12.138Z ${one}`), { events: [one], faults: [] });
});

const elastic = (audit: object) => ({
  '@timestamp': '2026-08-22T10:11:12.138Z',
  // Filebeat writes here where it read a line.
  log: { offset: 4711, file: { path: '/var/log/kubernetes/audit.log' } },
  event: { dataset: 'kubernetes.audit_logs' },
  kubernetes: { audit },
});

test("annotations in documents of Elastic's integration get their names back", () => {
  const annotations = {
    'authorization.k8s.io/decision': 'allow',
    'authorization.k8s.io/reason': 'Role "a_b/c" of "x.y/z"',
    'failed-open.validating.webhook.admission.k8s.io/round_0_index_1': 'check.example.com',
    plain_key: '',
  };
  const indexed = Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [name.replaceAll('.', '_'), value]),
  );
  const expected = event({ annotations, zone: 12345678901234567890n.toString() });
  const document = elastic({ ...JSON.parse(expected), annotations: indexed });
  assert.deepEqual(inside(document), { events: [expected], faults: [] });
  assert.deepEqual(inside({ _index: 'logs', _source: document }), { events: [expected], faults: [] });
  assert.deepEqual(inside(elastic(JSON.parse(one))), { events: [one], faults: [] });
  assert.deepEqual(inside(elastic({ ...JSON.parse(one), annotations: 'x' })).faults, []);
});

test("an entry of Google Cloud's audit logs in such a document is the entry", () => {
  const payload = {
    serviceName: 'k8s.io',
    methodName: 'io.k8s.core.v1.pods.create',
    resourceName: 'core/v1/namespaces/web/pods/p',
  };
  const entry = entryIn(
    elastic({
      auditID: 'e-1',
      annotations: { authorization_k8s_io$: '', 'authorization_k8s_io/decision': 'allow' },
      logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
      operation: { id: 'o-1', producer: 'k8s.io' },
      resource: { type: 'k8s_cluster', labels: { cluster_name: 'c' } },
      requestReceivedTimestamp: '2026-08-22T10:11:13.5Z',
      stageTimestamp: '2026-08-22T10:11:12.138Z',
      responseStatus: { code: 7, message: 'refused' },
      protoPayload: payload,
    }),
  );
  assert.deepEqual(entry, {
    insertId: 'e-1',
    timestamp: '2026-08-22T10:11:12.138Z',
    receiveTimestamp: '2026-08-22T10:11:13.5Z',
    labels: { authorization_k8s_io$: '', 'authorization.k8s.io/decision': 'allow' },
    logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
    operation: { id: 'o-1', producer: 'k8s.io' },
    resource: { type: 'k8s_cluster', labels: { cluster_name: 'c' } },
    protoPayload: { ...payload, status: { code: 7, message: 'refused' } },
  });
});

test("what Elastic's integration for Google Cloud makes of an entry is made an entry again", () => {
  const document = {
    '@timestamp': '2026-08-22T10:11:12.138Z',
    client: { user: { email: 'alice@example.com', id: 'alice' } },
    event: { action: 'io.k8s.core.v1.pods.exec.create', id: 'e-1', outcome: 'failure' },
    gcp: {
      audit: {
        authentication_info: { authority_selector: 'system:admin' },
        authorization_info: [{ granted: false, permission: 'io.k8s.core.v1.pods.exec.create' }],
        labels: { 'command.gke.io/command': 'id' },
        logentry_operation: { id: 'o-1' },
        request: { kind: 'PodExecOptions' },
        resource_name: 'core/v1/namespaces/web/pods/p/exec',
        response: { code: 403, status_value: 'Failure' },
        status: { code: 7, message: 'refused' },
        type: 'type.googleapis.com/google.cloud.audit.AuditLog',
      },
    },
    log: { logger: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity' },
    service: { name: 'k8s.io' },
    source: { ip: '192.0.2.7' },
    user_agent: { original: 'kubectl/v1.37.2', name: 'Other' },
  };
  const entry = entryIn({ _source: document });
  assert.deepEqual(entry, {
    insertId: 'e-1',
    timestamp: '2026-08-22T10:11:12.138Z',
    logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
    operation: { id: 'o-1' },
    labels: { 'command.gke.io/command': 'id' },
    protoPayload: {
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.exec.create',
      resourceName: 'core/v1/namespaces/web/pods/p/exec',
      authenticationInfo: {
        principalEmail: 'alice@example.com',
        principalSubject: 'alice',
        authoritySelector: 'system:admin',
      },
      authorizationInfo: [{ granted: false, permission: 'io.k8s.core.v1.pods.exec.create' }],
      requestMetadata: { callerIp: '192.0.2.7', callerSuppliedUserAgent: 'kubectl/v1.37.2' },
      request: { kind: 'PodExecOptions' },
      response: { code: 403, status: 'Failure' },
      status: { code: 7, message: 'refused' },
    },
  });
  const other = { ...document, service: { name: 'compute.googleapis.com' } };
  assert.deepEqual(inside(other), { events: [], faults: [] });
});

test("what collectors note of a container beside its log is none of Elastic's documents", () => {
  const line = { log: `${one}\n`, kubernetes: { pod_name: 'kube-apiserver-1', audit: 'on' } };
  assert.deepEqual(inside(line), { events: [one], faults: [] });
});

test('an event is the same record in whatever it came', () => {
  const ids = [one, azure(one), subscription(one), { message: one }].map(
    (each) => parse(each).records[0]!.id,
  );
  assert.equal(new Set(ids).size, 1);
});

test('what says that it is of another log is passed over', () => {
  for (const document of [
    azure('I0822 kube-scheduler is well', { category: 'kube-scheduler' }),
    azure(one, { category: 'guard' }),
    { Category: 'cluster-autoscaler', log_s: 'scaling' },
    { ...subscription('time="2026" level=info'), logStream: 'authenticator-0123' },
    { ...subscription('CWL CONTROL MESSAGE: checking'), logStream: '', messageType: 'CONTROL_MESSAGE' },
    { logStreamName: 'kube-scheduler-1', message: 'I0822' },
    { '@logStream': 'kube-controller-manager-1', '@message': 'I0822' },
    { logName: 'projects/p/logs/stderr', textPayload: 'x', resource: { type: 'k8s_container' } },
    { protoPayload: { serviceName: 'compute.googleapis.com', methodName: 'compute.instances.list' } },
  ]) {
    assert.deepEqual(inside(document), { events: [], faults: [] }, JSON.stringify(document));
  }
});

test('an event that has members of the same names is one', () => {
  for (const fields of [{ message: 'x' }, { records: [] }, { category: 'guard' }, { protoPayload: {} }]) {
    const named = event(fields);
    assert.deepEqual(inside(named), { events: [named], faults: [] });
  }
});

test('what is wrong inside is refused with its place, and the rest is kept', () => {
  assert.deepEqual(inside({ records: [azure('nonsense'), azure(two), azure('{"verb":'), azure(null)] }), {
    events: [two],
    faults: [
      'ITEM_NOT_JSON file:1 records[0] properties log',
      'ITEM_NOT_JSON file:1 records[2] properties log',
      'ITEM_NOT_OBJECT file:1 records[3] properties log',
    ],
  });
  assert.deepEqual(inside(`{"message":"\\x"}`).faults, ['ITEM_NOT_JSON file:1']);
  assert.deepEqual(inside(`{"message":${JSON.stringify(one)}} more`).events, []);
  const many = subscription(...Array(LIMITS.batch_items_max + 1).fill(one));
  const { events, faults } = inside(many);
  assert.deepEqual(
    [events.length, faults],
    [LIMITS.batch_items_max, ['BATCH_TOO_MANY_ITEMS file:1 logEvents']],
  );
});

test('envelopes within envelopes end somewhere', () => {
  let text = one;
  for (let depth = 0; depth < 200; depth++) text = `{"message":${text}}`;
  const { events, faults } = inside(text);
  assert.equal(events.length + faults.length, 1);
  const nested = `${'{"records":['.repeat(5000)}${']}'.repeat(5000)}`;
  assert.equal(inside(nested).faults.length + inside(nested).events.length, 1);
});

test('a row of AKSAudit is the event that it was made of', () => {
  const row = {
    TimeGenerated: '2026-08-22T10:11:12.138456Z',
    Level: 'RequestResponse',
    AuditId: 'a-1',
    Stage: 'ResponseComplete',
    RequestUri: '/api/v1/namespaces/web/pods',
    Verb: 'create',
    User: { username: 'alice', groups: ['dev'] },
    SourceIps: ['10.0.0.7'],
    UserAgent: '{"verb":"get"}',
    ObjectRef: { resource: 'pods', namespace: 'web', name: 'p', apiVersion: 'v1' },
    ResponseStatus: { code: 201 },
    RequestObject: { kind: 'Pod', spec: { hostPID: true, x: 1 } },
    ResponseObject: '',
    RequestReceivedTime: '2026-08-22T10:11:12.123456Z',
    StageReceivedTime: '2026-08-22T10:11:12.138456Z',
    Annotations: { 'authorization.k8s.io/decision': 'allow' },
    PodName: 'kube-apiserver-1',
    Type: 'AKSAudit',
  };
  const expected = {
    level: 'RequestResponse',
    auditID: 'a-1',
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/web/pods',
    verb: 'create',
    userAgent: '{"verb":"get"}',
    requestReceivedTimestamp: '2026-08-22T10:11:12.123456Z',
    stageTimestamp: '2026-08-22T10:11:12.138456Z',
    user: row.User,
    sourceIPs: row.SourceIps,
    objectRef: row.ObjectRef,
    responseStatus: row.ResponseStatus,
    annotations: row.Annotations,
    requestObject: row.RequestObject,
    responseObject: '',
  };
  const { records, rejected } = parse(row);
  assert.deepEqual(rejected, []);
  assert.equal(records[0]!.kind, 'audit.event');
  assert.equal(records[0]!.key, 'prod/web');
  assert.deepEqual(JSON.parse(records[0]!.bytes.toString()), expected);

  const texts = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : value,
    ]),
  );
  assert.deepEqual(JSON.parse(inside(texts).events[0]!), expected);
  const skipped = JSON.parse(inside({ ...row, RequestObject: 'skipped-too-big-size-object' }).events[0]!);
  assert.equal(skipped.requestObject, undefined);
  assert.equal(skipped.annotations['audit.k8s.io/truncated'], 'true');
  assert.deepEqual(inside({ ...row, User: '{"username"' }).faults, ['ITEM_NOT_JSON file:1']);
});

const CREDENTIAL = 'c2VjcmV0LXZhbHVl';
const secret = { kind: 'Secret', apiVersion: 'v1', metadata: { name: 's' }, data: { password: CREDENTIAL } };
const secretEvent = event({ objectRef: { resource: 'secrets', namespace: 'web' }, requestObject: secret });

test('no credential is kept, whatever is around it, taken or refused', () => {
  const entry = {
    protoPayload: {
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.secrets.patch',
      resourceName: 'core/v1/namespaces/web/secrets/s',
      request: { '@type': 'k8s.io/Patch', data: { password: CREDENTIAL } },
      response: { '@type': 'core.k8s.io/v1.Secret', data: { password: CREDENTIAL } },
    },
    labels: { 'patch.webhook.admission.k8s.io/round_0_index_0': CREDENTIAL },
  };
  const { request, response } = entry.protoPayload;
  const asText = {
    ...entry.protoPayload,
    request: JSON.stringify(request),
    response: JSON.stringify(response),
  };
  const row = { AuditId: 'a', RequestUri: '/x', ObjectRef: { resource: 'secrets' }, RequestObject: secret };
  for (const document of [
    secretEvent,
    azure(secretEvent),
    azure(JSON.parse(secretEvent)),
    subscription(secretEvent),
    entry,
    { ...entry, protoPayload: asText },
    row,
    { ...row, RequestObject: JSON.stringify(secret) },
  ]) {
    const whole = typeof document === 'string' ? document : JSON.stringify(document);
    assert.ok(whole.includes(CREDENTIAL));
    const { records, rejected } = parse(whole);
    assert.equal(rejected.length, 0);
    assert.ok(records[0]!.redacted.length > 0);
    for (const text of [
      whole,
      whole.slice(0, -1),
      `${whole}x`,
      whole.replace('"password', '"\\x'),
      `[${whole}`,
    ]) {
      const found = parse(text);
      for (const { bytes } of [...found.records, ...found.rejected]) {
        assert.ok(!bytes.toString().includes(CREDENTIAL), `${text}\n${bytes}`);
      }
    }
  }
});

test('a log entry is held to the limits of an item', () => {
  const entry = (request: unknown) => ({
    protoPayload: { methodName: 'io.k8s.core.v1.pods.create', request },
  });
  assert.deepEqual(inside(entry('x'.repeat(LIMITS.item_bytes_max))).faults, ['ITEM_TOO_LARGE file:1']);
  let deep: unknown = {};
  for (let depth = 0; depth < LIMITS.json_depth_max; depth++) deep = { deep };
  assert.deepEqual(inside(entry(deep)).faults, ['ITEM_TOO_DEEP file:1']);
  const invalid = Buffer.concat([
    Buffer.from('{"protoPayload":{"a":"'),
    Buffer.from([0xff]),
    Buffer.from('"}}'),
  ]);
  const { rejected } = parseDocument(invalid, ORIGIN, LIMITS, 'file:1');
  assert.equal(rejected[0]!.code, 'ITEM_NOT_UTF8');
});

test('any JSON gives records or rejections', () => {
  const names = fc.constantFrom(
    'records',
    'logEvents',
    'properties',
    'log',
    'message',
    'protoPayload',
    'AuditId',
    'RequestUri',
    'category',
    'kind',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, fc.jsonValue({ maxDepth: 1 }), tie('text'), tie('list'), tie('object')),
    text: tie('tree').map((value) => JSON.stringify(value)),
    list: fc.array(tie('tree'), { maxLength: 3 }),
    object: fc.dictionary(names, tie('tree'), { maxKeys: 3 }),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const { records, rejected } = parse(JSON.stringify(value));
      assert.ok(records.length + rejected.length >= 0);
    }),
    { numRuns: 2000 },
  );
});
