import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DecisionView } from '../../../src/detect/decision-view.ts';
import { decode } from '../../../src/detect/decode/decode.ts';
import { Detector } from '../../../src/detect/detector.ts';
import { valuesAt } from '../../../src/detect/sigma/event.ts';
import { bitOf, OPTIONAL, TRAITS, UNKNOWN } from '../../../src/detect/sigma/traits.ts';
import type { EngineName } from '../../../src/record/engine.ts';
import type { ReceivedRecord } from '../../../src/record/record.ts';
import { compileRules } from '../../../src/rules/load.ts';
import { fixture, opaEntry, posted } from '../receive/decisions/support.ts';
import { DETECT_LIMITS, NO_PAST, wrongTypesIn } from './support.ts';

const TIME_MAX = Number.MAX_SAFE_INTEGER;

const RECORDED: readonly (readonly [EngineName, string])[] = [
  ['opa', 'opa-upload.json'],
  ['gatekeeper', 'gatekeeper.log.ndjson'],
  ['gatekeeper', 'gatekeeper.events.json'],
  ['gatekeeper', 'gatekeeper.export.ndjson'],
  ['kyverno', 'kyverno.events.json'],
  ['kyverno', 'kyverno.log.ndjson'],
  ['kubewarden', 'kubewarden.otlp.json'],
  ['kubewarden', 'kubewarden.log.ndjson'],
];

const records = RECORDED.flatMap(([engine, name]) => posted(engine, fixture(name)).records);

const viewOf = (record: ReceivedRecord) => new DecisionView(decode(record, TIME_MAX), NO_PAST);

/** Fields of events, as rules of any origin name them. */
const RAW = [
  'level',
  'auditID',
  'stage',
  'requestURI',
  'verb',
  'user.username',
  'impersonatedUser',
  'sourceIPs',
  'userAgent',
  'objectRef.resource',
  'responseStatus.code',
  'requestObject',
  'responseObject',
  'oldObject',
  'requestReceivedTimestamp',
  'stageTimestamp',
  'annotations',
  'input.request.object',
];

/** What the page for rule writers lists. */
const page = readFileSync(join(import.meta.dirname, '../../../docs/rules.md'), 'utf8');
const LISTED = new Set(page.match(/gatewatch\.[a-z_]+(?:\.[a-z_]+)*/g));

const OF_WRITES =
  /^gatewatch\.(?:pod|pod_security|namespace|rbac|exposure|connect|certificate|policy)(?:\.|$)/;

test('a decision has no field of an audit event, nothing of what a request writes, and no words', () => {
  for (const record of records) {
    const view = viewOf(record);
    for (const field of RAW) assert.deepEqual(valuesAt(view, field), [], field);
    for (const field of LISTED) {
      const values = valuesAt(view, field);
      if (OF_WRITES.test(field)) assert.deepEqual(values, [], field);
    }
    assert.deepEqual(view.keywords(), []);
    assert.deepEqual(valuesAt(view, 'gatewatch.source'), ['decision']);
    assert.deepEqual(valuesAt(view, 'gatewatch.outcome'), ['pending']);
    assert.deepEqual(valuesAt(view, 'gatewatch.decision.engine'), [record.kind.split('.')[0]]);
  }
});

test('a write that its name alone would tell of is left to its audit event', () => {
  const request = {
    uid: 'u',
    operation: 'DELETE',
    resource: {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      resource: 'validatingwebhookconfigurations',
    },
    name: 'gatekeeper',
    userInfo: { username: 'mallory' },
    dryRun: true,
  };
  for (const changes of [
    {},
    { resource: { version: 'v1', resource: 'namespaces' } },
    { operation: 'CONNECT', resource: { version: 'v1', resource: 'pods' }, subResource: 'exec' },
  ]) {
    const [record] = posted('opa', [opaEntry({ ...request, ...changes })]).records;
    const view = viewOf(record!);
    for (const field of LISTED) if (OF_WRITES.test(field)) assert.deepEqual(valuesAt(view, field), [], field);
    assert.equal(view.outcome, 'pending', 'also of a dry run: what became of it is not known');
    assert.deepEqual(valuesAt(view, 'gatewatch.dry_run'), [true]);
  }
});

test('traits say what the fields say', () => {
  for (const record of records) {
    const view = viewOf(record);
    const present = view.trait('present') as number;
    for (const field of OPTIONAL)
      if (!(present & bitOf(field))) assert.deepEqual(valuesAt(view, field), [], field);
    assert.equal(view.trait('pod'), 0, 'it has no part of a pod');
    for (const trait of TRAITS) {
      const value = view.trait(trait);
      if (trait !== 'present' && trait !== 'pod' && value !== UNKNOWN)
        assert.deepEqual(valuesAt(view, trait), value === undefined ? [] : [value], trait);
    }
  }
});

test('a wrong type in the place of any field gives an answer or our own error', () => {
  for (const record of records) {
    const document = JSON.parse(record.bytes.toString());
    for (const _ of wrongTypesIn(document)) {
      try {
        const view = viewOf({ ...record, bytes: Buffer.from(JSON.stringify(document)) });
        for (const field of LISTED) valuesAt(view, field);
        assert.ok(Array.isArray(view.request.limits));
        assert.equal(typeof view.request.ref.name, 'string');
        assert.equal(view.admission.outcome, 'pending');
      } catch (error) {
        assert.match(String((error as { code?: string }).code ?? error), /^ITEM_NOT_/);
      }
    }
  }
});

test('the receiver, too, takes or passes over a document with a wrong type in any place', () => {
  for (const [engine, name] of RECORDED.filter(([, each]) => each.endsWith('.json'))) {
    const document = JSON.parse(fixture(name).toString());
    for (const _ of wrongTypesIn(document)) {
      for (const { code } of posted(engine, document).rejected) assert.match(code, /^ITEM_NOT_/);
    }
  }
});

test('a rule for decisions matches them and nothing is learnt', () => {
  const rules = compileRules({
    lists: new Map(),
    files: [
      {
        name: 'denied.yml',
        text: `
title: An engine would refuse it
id: denied
logsource: {product: kubernetes, service: audit}
detection:
  denied:
    gatewatch.decision.verdict: deny
    gatewatch.decision.enforced: true
    gatewatch.decision.policy|contains: privileged
  condition: denied
`,
      },
    ],
  });
  const detector = new Detector(rules, { ...DETECT_LIMITS, event_time_ahead_seconds_max: 100_000_000 });
  const matched = records.flatMap((record) => {
    const { signals, learnt } = detector.detect(record);
    assert.deepEqual(learnt, []);
    return signals.map((signal) => {
      assert.equal(signal.evidence.source, 'decision');
      assert.equal(signal.admission.outcome, 'pending');
      return `${record.kind} ${signal.facts.user} ${signal.facts.namespace}/${signal.facts.name}`;
    });
  });
  assert.deepEqual(matched, [
    'gatekeeper.decision mallory gk-team/evil-1',
    'gatekeeper.decision mallory gk-scoped/evil-scoped',
    'gatekeeper.decision mallory gk-team/evil-1',
    'kyverno.decision undefined ky-team/evil-1',
    'kyverno.decision undefined ky-vpol/evil-cel',
    'kyverno.decision mallory ky-team/evil-1',
    'kubewarden.decision undefined prod/bad',
  ]);
});
