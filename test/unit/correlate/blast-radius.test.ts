import assert from 'node:assert/strict';
import test from 'node:test';
import { type BlastRadius, blastRadius } from '../../../src/correlate/blast-radius.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { signalAt } from './support.ts';

const PRIVILEGED = { check: 'privileged', reason: 'privileged' };
const SECCOMP = { check: 'seccompProfile_restricted', reason: 'seccompProfile' };
const ADMITTED = { outcome: 'admitted' } as const;

function at(seconds: number, fields: Partial<Signal>): Signal {
  const signal = signalAt(seconds, { admission: ADMITTED, ...fields });
  return { ...signal, evidence: { ...signal.evidence, record_id: `r${seconds}` } };
}

function podAt(seconds: number, fields: Partial<Signal> = {}, namespace = 'dev'): Signal {
  const facts = { user: 'alice', resource: 'pods', namespace, name: `p${seconds}` };
  return at(seconds, {
    facts,
    pod_security: { baseline: [PRIVILEGED], restricted: [PRIVILEGED, SECCOMP] },
    ...fields,
  });
}

const NAMESPACE = { user: 'bob', resource: 'namespaces', name: 'dev' };

const relabelledAt = (seconds: number, enforce_before: string | undefined, enforce_after: string) =>
  at(seconds, {
    facts: NAMESPACE,
    namespace: { ...(enforce_before === undefined ? {} : { enforce_before }), enforce_after, changes: [] },
  });
const exemptedAt = (seconds: number, change: 'exemption-added' | 'exemption-removed') =>
  at(seconds, { facts: NAMESPACE, namespace: { changes: [change] } });
const policyAt = (
  seconds: number,
  effect: 'weakened' | 'strengthened' | 'unclear',
  admission: Signal['admission'] = ADMITTED,
) => at(seconds, { admission, policy: { engine: 'kyverno', effect, changes: [], reasons: [] } });

const allOf = ({ certain, uncertain }: BlastRadius) => [...certain, ...uncertain];

/** Name of what was let through, and the checks that it fails. */
const told = (...signals: Signal[]) =>
  allOf(blastRadius(signals, 10)).map(({ name, violations }) => [
    name,
    violations?.map(({ check }) => check),
  ]);

test('what the level before would have refused is told until it is in force again', () => {
  const clean = podAt(3, { pod_security: {} });
  assert.deepEqual(
    told(
      podAt(1),
      relabelledAt(2, 'baseline', 'privileged'),
      clean,
      podAt(4),
      relabelledAt(5, 'privileged', 'baseline'),
      podAt(6),
    ),
    [['p4', ['privileged']]],
  );
  const restricted = podAt(3, { pod_security: { restricted: [SECCOMP] } });
  assert.deepEqual(told(relabelledAt(2, 'restricted', 'baseline'), restricted), [
    ['p3', ['seccompProfile_restricted']],
  ]);
  assert.deepEqual(told(relabelledAt(2, 'baseline', 'privileged'), restricted), []);
  assert.deepEqual(
    told(relabelledAt(1, 'restricted', 'baseline'), relabelledAt(2, 'baseline', 'privileged'), restricted),
    [['p3', ['seccompProfile_restricted']]],
    'the level before both',
  );
  assert.deepEqual(told(relabelledAt(2, undefined, 'privileged'), podAt(3)), [], 'it was never seen');
  assert.deepEqual(told(relabelledAt(2, 'baseline', 'restricted'), podAt(3)), [], 'raised');
});

test('of another namespace nothing is told, of a policy of the cluster all of them', () => {
  const other = podAt(3, {}, 'other');
  assert.deepEqual(told(relabelledAt(2, 'baseline', 'privileged'), other), []);
  assert.deepEqual(
    told(exemptedAt(2, 'exemption-added'), other, podAt(4), exemptedAt(5, 'exemption-removed'), podAt(6)),
    [['p4', ['privileged']]],
  );
  assert.deepEqual(
    told(
      policyAt(2, 'weakened'),
      other,
      policyAt(4, 'unclear'),
      podAt(5),
      policyAt(6, 'strengthened'),
      podAt(7),
    ),
    [
      ['p3', ['privileged']],
      ['p5', ['privileged']],
    ],
  );
});

test('what was refused, or only tried, neither weakens nor is let through', () => {
  const denied = { outcome: 'denied' } as const;
  assert.deepEqual(told(policyAt(2, 'weakened', denied), podAt(3)), []);
  for (const outcome of ['denied', 'dry-run', 'pending'] as const)
    assert.deepEqual(told(policyAt(2, 'weakened'), podAt(3, { admission: { outcome } })), []);
});

test('what a webhook was not asked about is told with it, once for a request, as many as may be', () => {
  const open = podAt(1, { admission: { ...ADMITTED, failed_open: ['guard.example.com'] } });
  assert.deepEqual(blastRadius([open, { ...open, rule: 'other' }, podAt(2)], 10).certain, [
    {
      time: '2026-11-22T12:00:01.000000Z',
      namespace: 'dev',
      resource: 'pods',
      name: 'p1',
      user: 'alice',
      violations: [PRIVILEGED],
      failed_open: ['guard.example.com'],
    },
  ]);
  const many = Array.from({ length: 20 }, (_, second) => podAt(second + 3));
  assert.equal(allOf(blastRadius([policyAt(2, 'weakened'), ...many], 10)).length, 10);
});

test('a gap ends when the object that made it is set back, not another one', () => {
  const on = (name: string, signal: Signal): Signal => ({
    ...signal,
    facts: { resource: 'clusterpolicies', name },
  });
  const signals = [
    on('a', policyAt(1, 'weakened')),
    on('b', policyAt(2, 'weakened')),
    on('a', policyAt(3, 'strengthened')),
    podAt(4),
    on('b', policyAt(5, 'strengthened')),
    podAt(6),
  ];
  assert.deepEqual(told(...signals), [['p4', ['privileged']]]);
});

test('it is told apart from one of the same name elsewhere, and which of its changes is undone', () => {
  const inNamespace = (namespace: string, signal: Signal): Signal => ({
    ...signal,
    facts: { resource: 'policies', namespace, name: 'p' },
  });
  assert.deepEqual(
    told(
      inNamespace('dev', policyAt(1, 'weakened')),
      inNamespace('prod', policyAt(2, 'weakened')),
      inNamespace('prod', policyAt(3, 'strengthened')),
      podAt(4),
    ),
    [['p4', ['privileged']]],
  );
  const changed = (seconds: number, effect: 'weakened' | 'strengthened', change: string): Signal => {
    const signal = inNamespace('dev', policyAt(seconds, effect));
    return { ...signal, policy: { ...signal.policy!, changes: [change] } };
  };
  const twice = [changed(1, 'weakened', 'action-lowered'), changed(2, 'weakened', 'exemption-added')];
  const names = (...signals: Signal[]) => told(...twice, ...signals).map(([name]) => name);
  assert.deepEqual(names(changed(3, 'strengthened', 'exemption-removed'), podAt(4)), ['p4']);
  assert.deepEqual(names(changed(3, 'strengthened', 'created'), podAt(4)), []);
  assert.deepEqual(
    names(changed(3, 'strengthened', 'code-changed'), podAt(4)),
    [],
    'whatever that gives back',
  );
  const allDeleted = policyAt(1, 'weakened');
  assert.deepEqual(
    told(
      { ...allDeleted, facts: { resource: 'policies', namespace: 'dev' } },
      changed(2, 'strengthened', 'created'),
      podAt(3),
    ),
    [],
  );
});

test('what a policy had no say in is not told of; where the labels of a namespace are not known, it may have had one', () => {
  const weakenedAt = (seconds: number, namespaces: NonNullable<Signal['policy']>['namespaces']) =>
    at(seconds, {
      policy: {
        engine: 'admission-policy',
        effect: 'weakened',
        changes: [],
        reasons: [],
        ...(namespaces && { namespaces }),
      },
    });
  const inScope = { namespace_labels: { team: 'a' } };
  const outside = { namespace_labels: { team: 'b' } };
  const selector = [{ matchLabels: { team: 'a' } }];
  const names = (...signals: Signal[]) => {
    const { certain, uncertain } = blastRadius(signals, 10);
    return [certain.map(({ name }) => name), uncertain.map(({ name }) => name)];
  };
  assert.deepEqual(names(weakenedAt(1, selector), podAt(2, inScope), podAt(4)), [['p2'], ['p4']]);
  assert.deepEqual(names(weakenedAt(1, [{}]), podAt(2)), [['p2'], []], 'it had a say everywhere');
  assert.deepEqual(
    names(weakenedAt(1, undefined), podAt(2, inScope)),
    [[], ['p2']],
    'nobody knows where it had one',
  );
  assert.deepEqual(told(weakenedAt(1, selector), podAt(2, inScope), podAt(3, outside), podAt(4)), [
    ['p2', ['privileged']],
    ['p4', ['privileged']],
  ]);
  assert.deepEqual(told(weakenedAt(1, []), podAt(2, inScope)), [], 'it was bound nowhere');
  assert.deepEqual(told(weakenedAt(1, undefined), podAt(2, outside)), [['p2', ['privileged']]]);
  const exempting = weakenedAt(1, [{}]);
  const still = [{ except: ['dev'] }];
  const narrowed: Signal = { ...exempting, policy: { ...exempting.policy!, still } };
  const elsewhere = { facts: { ...podAt(3).facts, namespace: 'prod', name: 'p3' } };
  assert.deepEqual(names(narrowed, podAt(2), podAt(3, elsewhere)), [['p2'], []], 'it is as before elsewhere');
  const unclear: Signal = { ...exempting, policy: { ...exempting.policy!, still: [...still, ...selector] } };
  assert.deepEqual(names(unclear, podAt(2), podAt(3, { ...elsewhere, ...outside })), [[], ['p2']]);
  const kyverno: Signal = {
    ...weakenedAt(1, undefined),
    facts: { resource: 'clusterpolicies', name: 'no-root' },
    policy: { engine: 'kyverno', effect: 'weakened', changes: [], reasons: [] },
  };
  assert.deepEqual(
    names(kyverno, podAt(2, { judges: ['kyverno/no-root'] }), podAt(3, { judges: ['gatekeeper/no-root'] })),
    [['p2'], ['p3']],
  );
  const binding = { facts: { resource: 'validatingadmissionpolicybindings', name: 'b' } };
  const judged = { judges: ['validatingadmissionpolicies/p', 'validatingadmissionpolicybindings/b'] };
  assert.deepEqual(
    names(
      { ...weakenedAt(1, selector), ...binding },
      podAt(2),
      podAt(3, judged),
      podAt(4, { judges: ['validatingadmissionpolicies/b'] }),
    ),
    [['p3'], ['p2', 'p4']],
    'it has refused something there',
  );
  assert.deepEqual(names({ ...weakenedAt(1, undefined), ...binding }, podAt(2, judged)), [['p2'], []]);
  const passedOver = { ...outside, admission: { ...ADMITTED, failed_open: ['hook'] } };
  assert.deepEqual(
    told(weakenedAt(1, selector), podAt(2, passedOver)),
    [],
    'by a webhook that has nothing to do with it',
  );
});

test('what is made anew gives all back, unless it is like the one that was deleted, which had been weakened before', () => {
  const object = { resource: 'validatingwebhookconfigurations', name: 'hooks' };
  const changedAt = (seconds: number, effect: 'weakened' | 'strengthened', ...changes: string[]) =>
    at(seconds, { facts: object, policy: { engine: 'webhook', effect, changes, reasons: [] } });
  const afterwards = (...anew: string[]) =>
    allOf(
      blastRadius(
        [
          changedAt(1, 'weakened', 'selector-narrowed'),
          changedAt(2, 'weakened', 'deleted'),
          changedAt(3, 'strengthened', ...anew),
          podAt(4),
        ],
        10,
      ),
    ).length;
  assert.equal(afterwards('created'), 0);
  assert.equal(afterwards('webhook-added', 'created'), 0);
  assert.equal(afterwards('selector-widened', 'created'), 0);
  assert.equal(afterwards('created', 'put-back'), 1);
  assert.equal(afterwards('failure-policy-fail', 'created'), 1);
});
