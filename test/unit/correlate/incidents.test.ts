import assert from 'node:assert/strict';
import test from 'node:test';
import { incidentActor } from '../../../src/correlate/incidents/actor.ts';
import { incidentOf, runsOf } from '../../../src/correlate/incidents/incident.ts';
import { inOrder, type Told, toldOf } from '../../../src/correlate/incidents/told.ts';
import { formatEventTime } from '../../../src/record/time.ts';
import { type AlertChoice, alertOf } from '../../contract/alert-store-fixtures.ts';
import { NOON, SECOND } from './support.ts';

const BOUNDS = { pause: 60 * SECOND, alertsMax: 5 };
const ALICE = { cluster: 'prod', name: 'alice' };

/** An alert, seconds after noon. */
function told(id: string, start: number, fields: Partial<Told> = {}): Told {
  const alert = alertOf({
    id,
    user: 'alice',
    time: formatEventTime(NOON + start * SECOND),
    namespace: 'dev',
    resource: { type: 'pods', name: 'p' },
    rule: { name: `Rule ${id}` },
  });
  return { ...toldOf(alert)!, ...fields };
}

const lasting = (id: string, start: number, end: number): Told =>
  told(id, start, { end: NOON + end * SECOND });

function runs(...alerts: Told[]): string[] {
  return runsOf(alerts.sort(inOrder), BOUNDS).map((run) => run.alerts.map(({ id }) => id).join(''));
}

test('a pause longer than allowed after the latest end begins another incident', () => {
  assert.deepEqual(runs(told('b', 60), told('a', 0), told('c', 121)), ['ab', 'c']);
  assert.deepEqual(runs(lasting('a', 0, 100), told('b', 10), told('c', 160), told('d', 221)), ['abc', 'd']);
  assert.deepEqual(runs(told('b', 0), told('a', 0)), ['ab']);
  assert.deepEqual(runs(), []);
});

test('so does one alert more than an incident may have', () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => lasting(id, 0, 30));
  assert.deepEqual(runs(...many, told('h', 100)), ['abcde', 'fg', 'h']);
});

test('an incident has an id of its first alert, the highest level, and its first and last members', () => {
  const alerts = Array.from({ length: 30 }, (_, index) => told(`a${String(index).padStart(2, '0')}`, index));
  alerts[7] = { ...alerts[7]!, level: 'critical', severity: 99 };
  const incident = incidentOf(ALICE, { alerts, end: 0 })!;
  assert.equal(incident.count, 30);
  assert.equal(incident.level, 'critical');
  assert.equal(incident.start, '2026-11-22T12:00:00.000000Z');
  assert.equal(incident.end, '2026-11-22T12:00:29.000000Z');
  assert.deepEqual(
    [incident.members.length, incident.members[9]?.id, incident.members[10]?.id],
    [20, 'a09', 'a20'],
  );
  assert.deepEqual(incident.members[0], {
    id: 'a00',
    rule: 'Rule a00',
    level: 'medium',
    outcome: 'denied',
    time: '2026-11-22T12:00:00.000000Z',
  });
  const other = (...args: Parameters<typeof incidentOf>) => incidentOf(...args)!.id;
  assert.equal(other(ALICE, { alerts: alerts.slice(0, 2), end: 0 }), incident.id);
  assert.notEqual(other(ALICE, { alerts: alerts.slice(1), end: 0 }), incident.id);
  assert.notEqual(other({ ...ALICE, name: 'bob' }, { alerts, end: 0 }), incident.id);
  assert.notEqual(other({ ...ALICE, address: '10.0.0.7' }, { alerts, end: 0 }), incident.id);
  assert.equal(incidentOf(ALICE, { alerts: alerts.slice(0, 1), end: 0 }), undefined);
});

test('the sentence tells step by step what happened, several rules about one request as one step', () => {
  const high = { level: 'high', severity: 73 } as const;
  const admitted = { outcome: 'admitted' } as const;
  const story = [
    told('a', 0, { rule: 'Pod named after an attack' }),
    told('b', 0, { ...high, rule: 'Breakout refused' }),
    told('c', 5, { ...high, rule: 'Breakout refused', name: 'q' }),
    told('d', 300, {
      ...high,
      ...admitted,
      rule: 'Level lowered',
      resource: 'namespaces',
      name: 'dev',
      namespace: '',
    }),
    told('e', 300, { ...high, ...admitted, rule: 'Privileged pod', name: 'r' }),
    told('f', 0, {
      ...high,
      ...admitted,
      rule: 'Refused, weakened, then admitted',
      name: 'r',
      end: NOON + 300 * SECOND,
      count: 3,
    }),
    told('g', 86_400, { rule: 'Secrets listed', resource: 'secrets', name: '', outcome: 'admitted' }),
  ].sort(inOrder);
  assert.equal(
    incidentOf(ALICE, { alerts: story, end: 0 })?.message,
    'alice in cluster prod, 7 alerts between 2026-11-22 12:00:00Z and 2026-11-23 12:00:00Z: ' +
      'first "Breakout refused" (pods p and q in namespace dev, until 12:00:05); ' +
      'then at 12:05:00 "Refused, weakened, then admitted" and "Privileged pod" (pod r in namespace dev, 3 times, since 12:00:00); ' +
      'then "Level lowered" (namespace dev); ' +
      'then at 2026-11-23 12:00:00Z "Secrets listed" (a secret in namespace dev, admitted).',
  );
});

test('the sentence is bounded, and keeps what weighs most', () => {
  const long = 'x'.repeat(5000);
  const alerts = Array.from({ length: 100 }, (_, index) =>
    told(`a${index}`, index, {
      rule: toldOf(alertOf({ id: 'a', rule: { name: `${index} ${long}` } }))!.rule,
      name: `n${index}`,
      ...(index === 50 ? { severity: 99, rule: 'The worst' } : {}),
    }),
  );
  const { message } = incidentOf(
    { cluster: long, name: `${long}\n\u202e`, address: long },
    { alerts, end: 0 },
  )!;
  assert.ok(message.length < 2000, `${message.length} characters`);
  assert.match(
    message,
    /"The worst" \(pod n50 in namespace dev, denied\); and \d+ more steps that weigh less\.$|"The worst".*; and \d+ more steps that weigh less\.$/,
  );
  assert.doesNotMatch(message, /[\n\u202e]/);
});

test('who an alert is about', () => {
  const actor = (choice: Partial<AlertChoice>) =>
    incidentActor(alertOf({ id: 'a', cluster: 'prod', ...choice }));
  const kind = (kind: string, author?: string) => ({
    gatewatch: { actor: { kind, chain: [], ...(author ? { author } : {}) } },
  });
  const controller = 'system:serviceaccount:kube-system:replicaset-controller';
  assert.deepEqual(actor({ user: 'alice' }), ALICE);
  assert.deepEqual(actor({ user: controller, ...kind('controller', 'alice') }), ALICE);
  assert.equal(actor({ user: controller, ...kind('controller') }), undefined);
  assert.equal(actor({ user: 'system:node:n1', ...kind('node', 'system:node:n1') }), undefined);
  assert.equal(actor({ user: 'system:apiserver', ...kind('control-plane', 'system:apiserver') }), undefined);
  assert.equal(actor({}), undefined, 'nobody is named');
  const anonymous = { user: 'system:anonymous', groups: ['system:unauthenticated'], ip: '10.0.0.7' };
  const caller = { cluster: 'prod', name: 'system:anonymous', address: '10.0.0.7' };
  assert.deepEqual(actor({ ...anonymous, ...kind('anonymous', 'system:anonymous') }), caller);
  assert.deepEqual(actor({ ...anonymous, groups: [] }), caller);
  for (const gatewatch of [
    { status: 'withdrawn' },
    { level: 'informational' },
    { exception: { id: 'e', title: 't', owner: 'o', reason: 'r', expires: '2027-01-01T00:00:00Z' } },
  ] as const)
    assert.equal(actor({ user: 'alice', gatewatch }), undefined);
  assert.deepEqual(actor({ user: 'alice', gatewatch: { status: 'closed' } }), ALICE, 'closed by a person');
});

test('an alert without a time that can be believed has no place in an order', () => {
  const alert = alertOf({ id: 'a' });
  const { start: _, end: __, ...event } = alert.event;
  assert.equal(toldOf({ ...alert, event }), undefined);
});
