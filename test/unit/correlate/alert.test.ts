import assert from 'node:assert/strict';
import test from 'node:test';
import { alertOf } from '../../../src/correlate/alert.ts';
import type { Episode } from '../../../src/correlate/episodes.ts';
import type { Facts, Signal } from '../../../src/record/signal.ts';
import { metadata, signalAt } from './support.ts';

const CONTEXT = { version: 7, evidenceMax: 4, overflowed: false };
const episode = (...signals: Signal[]): Episode => ({
  beginning: signals[0]!,
  signals,
  count: signals.length,
  until: 0,
});
const alert = (...signals: Signal[]) => alertOf(episode(...signals), metadata('r'), CONTEXT);
const message = (fields: Partial<Signal>) => alert(signalAt(0, fields)).message;

const FACTS = signalAt(0).facts;

test('the level is that of the outcome where the rule says so', () => {
  const rule = { ...metadata('r'), custom: { gatewatch: { levels: { denied: 'low' } } } };
  const levelOf = (outcome: 'denied' | 'admitted') => {
    const { event, gatewatch } = alertOf(episode(signalAt(0, { admission: { outcome } })), rule, CONTEXT);
    return [gatewatch.level, event.severity];
  };
  assert.deepEqual(levelOf('denied'), ['low', 21]);
  assert.deepEqual(levelOf('admitted'), ['high', 73]);
});

test('where a policy was weakened that had no say the level is what the rule says for that', () => {
  const rule = {
    ...metadata('r'),
    custom: { gatewatch: { 'nothing-let-through': 'low' } },
    type: 'temporal_ordered' as const,
  };
  const admitted = { outcome: 'admitted' } as const;
  const weakened = (fields: Partial<Signal['policy']> = {}) =>
    signalAt(0, {
      rule: 'weakened',
      admission: admitted,
      policy: { engine: 'kyverno', effect: 'weakened', changes: [], reasons: [], ...fields },
    });
  const pod = signalAt(1, {
    rule: 'pod',
    admission: admitted,
    pod_security: { baseline: [{ check: 'privileged', reason: 'privileged' }] },
  });
  const levelOf = (...signals: Signal[]) => alertOf(episode(...signals), rule, CONTEXT).gatewatch.level;
  assert.equal(levelOf(weakened({ namespaces: [] }), pod), 'low');
  assert.equal(levelOf(weakened({ namespaces: [{}] }), pod), 'high');
  assert.equal(levelOf(weakened(), pod), 'high', 'it may have had one');
  const stopped = signalAt(0, { rule: 'weakened', admission: admitted, pod_security: { restricted: [] } });
  assert.equal(levelOf(stopped, weakened({ namespaces: [] }), pod), 'high', 'an engine was stopped');
});

test('the document of one match', () => {
  const { evidence } = signalAt(0);
  assert.deepEqual(alert(signalAt(0)), {
    '@timestamp': '2026-11-22T12:00:00.000000Z',
    ecs: { version: '9.4.0' },
    message:
      'alice (group devs, with kubectl/v1.37.2, from 10.0.0.7) tried to create pod p in namespace dev of cluster prod; Pod Security baseline:latest refused it (403).',
    event: {
      kind: 'alert',
      id: alert(signalAt(0)).event.id,
      category: ['configuration'],
      type: ['denied'],
      action: 'create',
      outcome: 'failure',
      severity: 73,
      start: '2026-11-22T12:00:00.000000Z',
      end: '2026-11-22T12:00:00.000000Z',
      module: 'gatewatch',
      dataset: 'gatewatch.alert',
      provider: 'kubernetes',
    },
    rule: {
      id: 'r',
      name: 'Rule r',
      description: 'What it means.',
      reference: 'https://example.org/rule',
      author: ['Gatewatch'],
      ruleset: 'gatewatch',
    },
    threat: {
      framework: 'MITRE ATT&CK',
      tactic: { id: ['TA0004'], name: ['Privilege Escalation'] },
      technique: { id: ['T1611'], name: ['Escape to Host'] },
    },
    orchestrator: {
      type: 'kubernetes',
      cluster: { name: 'prod' },
      namespace: 'dev',
      api_version: 'v1',
      resource: { type: 'pods', name: 'p' },
    },
    user: { name: 'alice', roles: ['devs', 'system:authenticated'] },
    source: { ip: '10.0.0.7' },
    user_agent: { original: 'kubectl/v1.37.2 (linux/amd64)' },
    related: { user: ['alice'], ip: ['10.0.0.7'] },
    gatewatch: {
      detection_id: 'PW01',
      level: 'high',
      outcome: 'denied',
      version: 7,
      count: 1,
      admission: signalAt(0).admission as { outcome: 'denied' },
      evidence: [evidence],
      status: 'open',
    },
  });
});

test('the document of repeats speaks of what weighs most and lists the first and the last', () => {
  const signals = [0, 10, 20, 30, 40, 50].map((seconds) => signalAt(seconds));
  signals[3] = signalAt(30, {
    admission: { outcome: 'admitted' },
    facts: { ...FACTS, code: 201, user: 'bob' },
  });
  const { message: text, event, gatewatch, related, user } = alert(...signals);
  assert.equal(
    text,
    'bob (group devs, with kubectl/v1.37.2, from 10.0.0.7) created pod p in namespace dev of cluster prod; the API server admitted it (201); seen 6 times between 2026-11-22 12:00:00Z and 12:00:50Z.',
  );
  assert.equal(event.outcome, 'success');
  assert.deepEqual([event.start, event.end], ['2026-11-22T12:00:00.000000Z', '2026-11-22T12:00:50.000000Z']);
  assert.deepEqual(related?.user, ['alice', 'bob']);
  assert.equal(user?.name, 'bob');
  assert.deepEqual([gatewatch.count, gatewatch.suppressed, gatewatch.outcome], [6, 2, 'admitted']);
  assert.deepEqual(
    gatewatch.evidence.map(({ record_id }) => record_id),
    ['record-s0', 'record-s10', 'record-s40', 'record-s50'],
  );
  assert.equal(gatewatch.admission?.denied_by?.length, 1);
});

const WEAKENED = {
  engine: 'webhook',
  effect: 'weakened',
  changes: ['failure-policy-ignore'],
  reasons: ['webhook x: failurePolicy Fail → Ignore'],
} as const;

const webhooks = (verb: string) => ({
  user: 'm',
  verb,
  resource: 'validatingwebhookconfigurations',
  name: 'hooks',
  code: 200,
});

test('several changes of one policy are told together, the weightiest effect and the latest reason first', () => {
  const strengthened = {
    ...WEAKENED,
    effect: 'strengthened',
    changes: ['failure-policy-fail'],
    reasons: ['back'],
  } as const;
  const signals = [WEAKENED, strengthened].map((policy, index) =>
    signalAt(index, { facts: webhooks('patch'), admission: { outcome: 'admitted' }, policy }),
  );
  assert.deepEqual(alert(...signals).gatewatch.policy, {
    engine: 'webhook',
    effect: 'weakened',
    changes: ['failure-policy-fail', 'failure-policy-ignore'],
    reasons: ['back', ...WEAKENED.reasons],
  });
});

test('the story of a sequence', () => {
  const change = { changes: ['enforce-lowered'], enforce_before: 'baseline', enforce_after: 'privileged' };
  const relabel = signalAt(20, {
    rule: 'b',
    facts: { user: 'bob', verb: 'patch', resource: 'namespaces', namespace: 'dev', name: 'dev', code: 200 },
    admission: { outcome: 'admitted' },
    namespace: change,
  });
  const admitted = signalAt(30, {
    rule: 'c',
    admission: { outcome: 'admitted', failed_open: ['hook.example.com'] },
    pod_security: {
      baseline: [
        {
          check: 'privileged',
          reason: 'privileged',
          detail: 'container "c" must not set securityContext.privileged=true',
        },
      ],
    },
  });
  const story = alert(signalAt(0, { rule: 'a' }), signalAt(10, { rule: 'a' }), relabel, admitted);
  assert.equal(
    story.message,
    'In cluster prod between 2026-11-22 12:00:00Z and 12:00:30Z: alice tried to create pod p in namespace dev, Pod Security baseline:latest refused it (403), 2 times; then bob changed namespace dev (Pod Security enforce level from baseline to privileged); then alice created pod p in namespace dev, with privileged (container "c"), webhook hook.example.com could not be reached and failed open.',
  );
  assert.deepEqual(story.gatewatch.namespace, change);
  assert.deepEqual(story.gatewatch.admission?.failed_open, ['hook.example.com']);
});

test('a sentence for each outcome', () => {
  const facts = (fields: Partial<Facts>): { facts: Facts } => ({
    facts: { ...FACTS, groups: [], ...fields },
  });
  const who = 'alice (with kubectl/v1.37.2, from 10.0.0.7)';
  const where = 'in namespace dev of cluster prod';
  const exec = { verb: 'get', subresource: 'exec', code: 101 };
  const cases: [fields: Partial<Signal>, sentence: string][] = [
    [
      { ...facts({ code: 201 }), admission: { outcome: 'admitted' } },
      `${who} created pod p ${where}; the API server admitted it (201).`,
    ],
    [
      { ...facts(exec), admission: { outcome: 'admitted' } },
      `${who} ran a command in pod p ${where}; the API server admitted it (101).`,
    ],
    [
      { ...facts({ ...exec, command: 'cat\n/etc/shadow' }), admission: { outcome: 'admitted' } },
      `${who} ran a command in pod p (cat /etc/shadow) ${where}; the API server admitted it (101).`,
    ],
    [
      {
        ...facts({ code: 403 }),
        admission: { outcome: 'denied', denied_by: [{ engine: 'rbac', message: 'x' }] },
      },
      `${who} tried to create pod p ${where}; RBAC refused it (403).`,
    ],
    [
      {
        ...facts({ code: 403 }),
        admission: { outcome: 'denied', denied_by: [{ engine: 'webhook', webhook: 'w.io', message: 'x' }] },
      },
      `${who} tried to create pod p ${where}; admission webhook w.io refused it (403).`,
    ],
    [
      {
        ...facts({ code: 403 }),
        admission: { outcome: 'denied', denied_by: [{ engine: 'unknown', message: 'x' }] },
      },
      `${who} tried to create pod p ${where}; the API server refused it (403).`,
    ],
    [
      {
        ...facts({ code: 500, message: 'Internal error occurred: failed calling webhook "w.io": x' }),
        admission: { outcome: 'failed' },
      },
      `${who} tried to create pod p ${where}; it failed (500) because webhook w.io could not be reached.`,
    ],
    [
      { ...facts({ code: 201 }), admission: { outcome: 'dry-run' } },
      `${who} tried out, as a dry run, to create pod p ${where}; the API server answered (201) and stored nothing.`,
    ],
    [
      {
        facts: { user: 'alice', verb: 'update', resource: 'ingresses', name: 'i' },
        admission: { outcome: 'pending' },
      },
      "alice asked to replace ingress i in cluster prod; the API server's answer is not known yet.",
    ],
    [
      { facts: { verb: 'list', resource: 'secrets', code: 200 }, admission: { outcome: 'other' } },
      'An unidentified client listed secrets in cluster prod; the API server answered 200.',
    ],
    [
      {
        facts: { user: 'm', verb: 'create', resource: 'pods', namespace: 'dev' },
        admission: { outcome: 'other' },
      },
      'm created a pod in namespace dev of cluster prod; no answer was recorded.',
    ],
    [
      {
        facts: {
          user: 'm',
          acting_as: 'admin',
          verb: 'delete',
          resource: 'networkpolicies',
          name: 'n',
          code: 200,
        },
        admission: { outcome: 'admitted' },
      },
      'm (impersonating admin) deleted networkpolicy n in cluster prod; the API server admitted it (200).',
    ],
    [
      {
        facts: {
          user: 'm',
          verb: 'patch',
          resource: 'namespaces',
          subresource: 'status',
          name: 'n',
          code: 200,
        },
        admission: { outcome: 'admitted' },
        namespace: {
          changes: ['enforce-removed', 'exemption-added'],
          enforce_before: 'baseline',
          labels_after: { 'admission.gatekeeper.sh/ignore': '' },
        },
      },
      'm changed the status of namespace n (Pod Security enforce level from baseline to none, exempted from a policy engine by label admission.gatekeeper.sh/ignore) in cluster prod; the API server admitted it (200).',
    ],
    [
      { facts: webhooks('patch'), admission: { outcome: 'admitted' }, policy: WEAKENED },
      'm changed validatingwebhookconfiguration hooks in cluster prod, which weakens it: webhook x: failurePolicy Fail → Ignore; the API server admitted it (200).',
    ],
    [
      { facts: { ...webhooks('update'), code: 403 }, admission: { outcome: 'denied' }, policy: WEAKENED },
      'm tried to replace validatingwebhookconfiguration hooks in cluster prod, which would weaken it: webhook x: failurePolicy Fail → Ignore; the API server refused it (403).',
    ],
    [
      {
        facts: webhooks('patch'),
        admission: { outcome: 'admitted' },
        policy: { ...WEAKENED, effect: 'unclear', reasons: ['what was changed was not recorded'] },
      },
      'm changed validatingwebhookconfiguration hooks in cluster prod (what was changed was not recorded); the API server admitted it (200).',
    ],
    [
      {
        facts: { ...webhooks('create'), resource: 'policyexceptions' },
        admission: { outcome: 'admitted' },
        policy: { ...WEAKENED, changes: ['created'], reasons: ['match none → pods', 'created'] },
      },
      'm created policyexception hooks in cluster prod, which weakens admission control: match none → pods; the API server admitted it (200).',
    ],
    [
      {
        facts: webhooks('delete'),
        admission: { outcome: 'admitted' },
        policy: { ...WEAKENED, changes: ['deleted'], reasons: ['deleted'] },
      },
      'm deleted validatingwebhookconfiguration hooks in cluster prod; the API server admitted it (200).',
    ],
    [
      { facts: { user: 'm', verb: 'get', code: 403 }, admission: { outcome: 'denied' } },
      'm tried to read a path of the API server in cluster prod; the API server refused it (403).',
    ],
  ];
  for (const [fields, sentence] of cases) assert.equal(message(fields), sentence);
});

test('hostile names keep the sentence one line of a bounded length', () => {
  const long = `x\u202e\n\u0000 \ud800${'very-long '.repeat(10_000)}`;
  const violations = Array.from({ length: 50 }, () => ({ check: 'x', reason: 'reason', detail: long }));
  const text = message({
    cluster: 'prod',
    facts: {
      user: long,
      groups: Array.from({ length: 50 }, () => long),
      acting_as: long,
      source_ip: long,
      user_agent: long.replaceAll(' ', ''),
      verb: long,
      resource: long,
      subresource: long,
      namespace: long,
      name: long,
      code: 403,
    },
    admission: {
      outcome: 'denied',
      denied_by: [{ engine: 'webhook', policy: long, message: long }],
      failed_open: Array.from({ length: 32 }, () => long),
    },
    pod_security: { baseline: violations },
    namespace: { changes: ['enforce-lowered'], enforce_before: long, enforce_after: long },
  });
  assert.ok(text.length < 4000, `${text.length} characters`);
  assert.ok(text.isWellFormed());
  assert.doesNotMatch(text, /[\n\p{Cc}\p{Cf}]/u);
  assert.doesNotMatch(
    message({ facts: { verb: 'constructor', subresource: '__proto__' } }),
    /function|object Object/,
  );
});

test('what nothing can fill is absent, not empty', () => {
  const { time: _, ...bare } = signalAt(0, { facts: {}, admission: { outcome: 'other' } });
  for (const document of [alert(signalAt(0)), alert(signalAt(0), signalAt(1)), alert(bare)]) {
    assertFilled(document, 'alert');
  }
});

function assertFilled(value: unknown, path: string): void {
  assert.notEqual(value, undefined, path);
  assert.notEqual(value, '', path);
  if (typeof value !== 'object' || value === null) return;
  assert.notEqual(Object.keys(value).length, 0, path);
  for (const [key, inner] of Object.entries(value)) assertFilled(inner, `${path}.${key}`);
}
