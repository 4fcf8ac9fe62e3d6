import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewatchError } from '../../../../src/errors.ts';
import type { Parsed } from '../../../../src/receive/parsed.ts';
import type { EngineName } from '../../../../src/record/engine.ts';
import { recordId } from '../../../../src/record/record.ts';
import { LIMITS } from '../support.ts';
import { fixture, opaEntry, posted } from './support.ts';

const line = {
  level: 'info',
  msg: 'denied admission: no',
  process: 'admission',
  event_type: 'violation',
  constraint_name: 'c',
  constraint_action: 'deny',
  resource_kind: 'Pod',
  resource_namespace: 'web',
  resource_name: 'p',
};

const keysOf = ({ records }: Parsed) => records.map(({ key }) => key);
const faultsOf = ({ rejected }: Parsed) => rejected.map(({ code, where }) => `${code} ${where}`);

function refusalOf(engine: EngineName, body: string | Buffer): string {
  try {
    posted(engine, body);
    return 'none';
  } catch (error) {
    if (error instanceof GatewatchError) return error.code;
    throw error;
  }
}

test('an entry of OPA is one record, its bytes as received', () => {
  const entry = ` ${JSON.stringify(opaEntry({ uid: 'u', namespace: 'web', resource: { resource: 'pods' }, n: 1.0 }))} `;
  const { records, rejected } = posted('opa', `[${entry},${entry}]`);
  assert.deepEqual(rejected, []);
  assert.equal(records.length, 2);
  for (const { bytes, id, key, kind } of records) {
    assert.equal(bytes.toString(), entry.trim());
    assert.equal(id, recordId('prod', Buffer.from(entry.trim())));
    assert.deepEqual([key, kind], ['prod/web', 'opa.decision']);
  }
});

test('what recorded documents tell: kinds and keys', () => {
  const cases: [EngineName, string, string, readonly string[]][] = [
    ['opa', 'opa-upload.json', 'opa.decision', ['opa-team', 'warn-opa', 'opa-team', 'opa-team']],
    [
      'gatekeeper',
      'gatekeeper.log.ndjson',
      'gatekeeper.decision',
      ['gk-team', 'gk-warn', 'gk-dryrun', 'gk-scoped'],
    ],
    ['gatekeeper', 'gatekeeper.events.json', 'gatekeeper.decision', ['gk-team', 'gk-dryrun', 'gk-warn']],
    ['gatekeeper', 'gatekeeper.export.ndjson', 'gatekeeper.decision', ['prod']],
    ['gatekeeper', 'events.watch.ndjson', 'gatekeeper.decision', ['gk-team']],
    ['kyverno', 'events.watch.ndjson', 'kyverno.decision', ['ky-noautogen', 'multi']],
    ['kyverno', 'kyverno.log.ndjson', 'kyverno.decision', ['ky-team']],
    ['kubewarden', 'kubewarden.otlp.json', 'kubewarden.decision', ['prod', 'prod']],
    ['kubewarden', 'kubewarden.log.ndjson', 'kubewarden.decision', ['prod']],
  ];
  for (const [engine, name, kind, namespaces] of cases) {
    const parsed = posted(engine, fixture(name));
    assert.deepEqual(faultsOf(parsed), [], name);
    assert.deepEqual(keysOf(parsed).sort(), namespaces.map((each) => `prod/${each}`).sort(), name);
    for (const record of parsed.records) assert.equal(record.kind, kind, name);
  }
});

test('one document, an array, lines, a list, and lines that a shipper has wrapped', () => {
  const text = JSON.stringify(line);
  const bodies = [
    text,
    JSON.stringify(line, null, 2),
    `[${text}]`,
    `[[${text}]]`,
    `\n${text}\r\n\n`,
    JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [line] }),
    JSON.stringify({ log: `${text}\n`, stream: 'stderr' }),
    JSON.stringify([{ message: text }, { message: line.msg, level: 'info' }, { log: 'starting' }, {}]),
    `${JSON.stringify({ level: 'info', msg: 'starting' })}\n${text}\n`,
  ];
  for (const body of bodies) assert.deepEqual(keysOf(posted('gatekeeper', body)), ['prod/web'], body);
});

test('a Namespace is its own namespace', () => {
  const namespace = { ...line, resource_kind: 'Namespace', resource_namespace: '', resource_name: 'n' };
  assert.deepEqual(keysOf(posted('gatekeeper', namespace)), ['prod/n']);
  const request = { uid: 'u', name: 'n', resource: { resource: 'namespaces' } };
  assert.deepEqual(keysOf(posted('opa', [opaEntry(request)])), ['prod/n']);
  const of = { kind: 'Namespace', name: 'n', apiVersion: 'v1' };
  const event = { reportingController: 'kyverno-admission', regarding: {}, related: of };
  assert.deepEqual(keysOf(posted('kyverno', event)), ['prod/n']);
});

test('what tells no decision is passed over', () => {
  const cases: [EngineName, object][] = [
    ['opa', [opaEntry({}, { input: { token: 'jwt' } }), opaEntry({}, { input: undefined }), {}]],
    ['opa', line],
    ['gatekeeper', [{ ...line, process: 'audit', event_type: 'violation_audited' }, { msg: 'x' }]],
    ['gatekeeper', JSON.parse(fixture('kyverno.events.json').toString())],
    ['kyverno', JSON.parse(fixture('gatekeeper.events.json').toString())],
    [
      'kyverno',
      { reportingController: 'kyverno-scan', regarding: { kind: 'Pod' }, reason: 'PolicyViolation' },
    ],
    [
      'kyverno',
      {
        reportingController: 'kyverno-admission',
        regarding: { kind: 'ClusterPolicy', apiVersion: 'kyverno.io/v1' },
      },
    ],
    [
      'kyverno',
      { type: 'DELETED', object: { ...JSON.parse(fixture('kyverno.events.json').toString()).items[0] } },
    ],
    [
      'kubewarden',
      { resourceSpans: [{ scopeSpans: [{ spans: [{ spanId: 'a', name: 'x', attributes: 7 }] }] }] },
    ],
    ['kubewarden', { resourceSpans: {} }],
  ];
  for (const [engine, body] of cases) {
    const { records, rejected } = posted(engine, body);
    assert.deepEqual([records.length, rejected], [0, []], JSON.stringify(body).slice(0, 80));
  }
});

test('bodies that are refused whole', () => {
  for (const body of [
    '',
    ' ',
    'hello',
    '{',
    '{"a":1}}',
    '[{}',
    '[{},]',
    '\ufeff{}',
    '\0',
    'no\njson',
    '{hello}',
  ]) {
    assert.equal(refusalOf('gatekeeper', body), 'BODY_NOT_JSON', body);
  }
  for (const body of ['null', '7', '"x"', ' true ']) {
    assert.equal(refusalOf('opa', body), 'BODY_NOT_DECISIONS', body);
  }
  const many = JSON.stringify(Array(LIMITS.batch_items_max + 1).fill({}));
  assert.equal(refusalOf('opa', many), 'BATCH_TOO_MANY_ITEMS');
  assert.equal(refusalOf('opa', '{}\n'.repeat(LIMITS.batch_items_max + 1)), 'BATCH_TOO_MANY_ITEMS');
});

test('what is wrong with one document leaves the others', () => {
  const good = JSON.stringify(line);
  const deep = good.replace('"no"', '').replace('"web"', `${'['.repeat(60)}${']'.repeat(60)}`);
  const veryDeep = good.replace('"web"', `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`);
  const large = JSON.stringify({ ...line, msg: 'x'.repeat(LIMITS.item_bytes_max) });
  const notUtf8 = Buffer.from(good.replace('no"', 'é"'), 'latin1').toString('latin1');
  const cases: [string, string][] = [
    ['ITEM_TOO_DEEP', deep],
    ['ITEM_TOO_LARGE', veryDeep],
    ['ITEM_TOO_LARGE', large],
    ['ITEM_NOT_UTF8', notUtf8],
    ['ITEM_NOT_JSON', good.replace('"deny"', 'tru')],
    ['ITEM_NOT_JSON', 'nonsense'],
    ['ITEM_NOT_OBJECT', '7'],
    ['ITEM_NOT_OBJECT', 'null'],
    ['ITEM_NOT_OBJECT', '"text"'],
  ];
  for (const [code, bad] of cases) {
    const array = posted('gatekeeper', Buffer.from(`[${good},${bad},${good}]`, 'latin1'));
    // What is no JSON at all hides the rest of an array, never the line after it.
    if (bad !== 'nonsense') {
      assert.deepEqual(faultsOf(array), [`${code} [1]`]);
      assert.equal(array.records.length, 2);
    }
    const lines = posted('gatekeeper', Buffer.from(`${good}\n${bad}\n\n${good}`, 'latin1'));
    assert.deepEqual(faultsOf(lines), [`${code} line 2`]);
    assert.equal(lines.records.length, 2);
    for (const { bytes } of lines.rejected) assert.ok(bytes.length <= LIMITS.item_bytes_max);
  }
});

test('containers in containers are opened so far and no further', () => {
  const nested = (levels: number) =>
    Array(levels)
      .fill(0)
      .reduce<unknown>((inner) => ({ type: 'ADDED', object: inner }), line) as object;
  assert.equal(posted('gatekeeper', nested(5)).records.length, 1);
  assert.deepEqual(keysOf(posted('gatekeeper', nested(12))), []);
  const arrays = `${'['.repeat(12)}${JSON.stringify(line)}${']'.repeat(12)}`;
  assert.deepEqual(faultsOf(posted('gatekeeper', arrays)), [`ITEM_NOT_OBJECT ${'[0]'.repeat(8)}`]);
});

test('keys of prototypes are keys like others', () => {
  const polluted = JSON.stringify(opaEntry({ uid: 'u', namespace: 'web' })).replaceAll(
    '{',
    '{"__proto__":{"polluted":true,"namespace":"x"},"constructor":1,"toString":null,',
  );
  const { records } = posted('opa', `[${polluted}]`);
  assert.equal(records[0]!.key, 'prod/web');
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.deepEqual(
    posted('kubewarden', '{"__proto__":{"resourceSpans":[]},"constructor":{"items":[]}}').records,
    [],
  );
});
