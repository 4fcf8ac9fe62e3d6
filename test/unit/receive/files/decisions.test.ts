import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDocument } from '../../../../src/receive/files/parse.ts';
import { readFile } from '../../../../src/receive/files/read.ts';
import type { Parsed } from '../../../../src/receive/parsed.ts';
import { FIXTURES, fixture } from '../decisions/support.ts';
import { event, LIMITS, ORIGIN } from '../support.ts';

const parse = (document: unknown): Parsed => {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return parseDocument(Buffer.from(text), ORIGIN, LIMITS, 'file:1');
};

const kindsOf = ({ records }: Parsed) => records.map(({ kind }) => kind);

test('files of engines are taken as what was posted, and the other lines of their logs are passed over', async () => {
  const expected: Record<string, Record<string, number>> = {
    'opa-upload.json': { 'opa.decision': 4 },
    'gatekeeper.log.ndjson': { 'gatekeeper.decision': 4 },
    'gatekeeper.events.json': { 'gatekeeper.decision': 3 },
    'gatekeeper.export.ndjson': { 'gatekeeper.decision': 1 },
    'kyverno.events.json': { 'kyverno.decision': 8 },
    'kyverno.log.ndjson': { 'kyverno.decision': 1 },
    'events.watch.ndjson': { 'gatekeeper.decision': 1, 'kyverno.decision': 2 },
    'kubewarden.otlp.json': { 'kubewarden.decision': 2 },
    'kubewarden.log.ndjson': { 'kubewarden.decision': 1 },
    'observer.ndjson': { 'admission.review': 1 },
  };
  for (const [name, counts] of Object.entries(expected)) {
    const found: Record<string, number> = {};
    for await (const { records, rejected } of readFile(join(FIXTURES, name), ORIGIN, LIMITS)) {
      assert.deepEqual(rejected, [], name);
      for (const { kind } of records) found[kind] = (found[kind] ?? 0) + 1;
    }
    assert.deepEqual(found, counts, name);
  }
});

test('an upload of OPA that something else noted', () => {
  const decisions = JSON.parse(fixture('opa-upload.json').toString());
  const noted = { upload: 1, receivedAt: '2026-11-22T14:21:17.554Z', rawBytes: 4912, decisions };
  assert.deepEqual(kindsOf(parse(noted)), Array(4).fill('opa.decision'));
});

test('a refused document of an engine is recognised again when it is put back alone', () => {
  const { resourceSpans } = JSON.parse(fixture('kubewarden.otlp.json').toString());
  assert.deepEqual(kindsOf(parse(resourceSpans[0].scopeSpans[0].spans[0])), ['kubewarden.decision']);
});

test('a noted review is dated when it was received, if that can be', () => {
  const noted = JSON.parse(fixture('observer.ndjson').toString());
  const dated = (receivedAt: unknown) => parse({ ...noted, receivedAt }).records[0]!.receivedMs;
  assert.equal(dated('2025-11-22T14:21:17.554Z'), Date.UTC(2025, 10, 22, 14, 21, 17, 554));
  for (const receivedAt of ['2999-01-01T00:00:00Z', 'soon', 7, null, '1960-01-01T00:00:00Z'])
    assert.equal(dated(receivedAt), ORIGIN.receivedMs);
});

test('audit events are taken as before, among Events of Kubernetes and lines of logs', () => {
  const audit = { kind: 'Event', apiVersion: 'audit.k8s.io/v1', ...JSON.parse(event()) };
  const reordered = { ...JSON.parse(event()), apiVersion: 'audit.k8s.io/v1', kind: 'Event' };
  const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [audit] };
  const collected = { level: 'info', time: 'now', message: event() };
  for (const document of [audit, reordered, list, [audit], collected])
    assert.deepEqual(kindsOf(parse(document)), ['audit.event'], JSON.stringify(document).slice(0, 80));

  const kubernetes = { kind: 'Event', apiVersion: 'v1', involvedObject: {}, reason: 'Pulled', message: '{' };
  const others = [
    kubernetes,
    { kind: 'EventList', apiVersion: 'v1', items: [{ ...kubernetes, kind: undefined }] },
    { type: 'MODIFIED', object: kubernetes },
    { level: 'info', ts: 1, msg: 'starting', kind: 'source' },
    { level: 'trace', v: 2, logger: 'setup', time: 'now', verb: undefined },
    { id: 'x', message: 'audit is completed' },
  ];
  for (const document of others) {
    const { records, rejected } = parse(document);
    assert.deepEqual([records, rejected], [[], []], JSON.stringify(document));
  }
});
