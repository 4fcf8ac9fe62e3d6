import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../../../src/config/load.ts';
import { Detector } from '../../../../src/detect/detector.ts';
import { daysLeft, stateOf } from '../../../../src/detect/exceptions/state.ts';
import type { ReceivedRecord } from '../../../../src/record/record.ts';
import type { Signal } from '../../../../src/record/signal.ts';
import { compileRules } from '../../../../src/rules/load.ts';
import { eventWith, RECEIVED_MS, recordOf, reviewRecord } from '../support.ts';

const RULES = `title: Pods
name: pods
id: id-of-pods
logsource: {product: kubernetes, service: audit}
tags: [gatewatch.pw01]
detection: {pod: {objectRef.resource: pods}, condition: pod}
---
title: Creations
name: creations
id: creations
logsource: {product: kubernetes, service: audit}
tags: [gatewatch.pw01]
detection: {created: {verb: create}, condition: created}
---
title: Twice
name: twice
id: twice
correlation: {type: event_count, generate: true, rules: [creations], group-by: [user.username], timespan: 1h, condition: {gte: 2}}
---
title: New
name: new
id: new
correlation: {type: new_value, generate: true, rules: [creations], group-by: [user.username], field: userAgent, timespan: 2d}
`;

const { detect, receive, correlate } = loadConfig({ env: {} });

const exception = (id: string, rules: string, more: string) => `title: Exception ${id}
id: ${id}
rules: ${rules}
owner: platform
reason: TICKET
${more}
`;

const ALWAYS = 'date: 2026-11-01\nexpires: 2027-01-01\n';

function signalsOf(exceptions: readonly string[], record: ReceivedRecord): readonly Signal[] {
  const rules = compileRules({
    files: [{ name: 'r.yml', text: RULES }],
    lists: new Map(),
    exceptions: [{ name: 'e.yml', text: exceptions.join('---\n') }],
  });
  return new Detector(rules, { ...detect, ...receive, ...correlate }).detect(record).signals;
}

/** From which rules and correlations a match was taken, and by which exception. */
function takenFrom(exceptions: readonly string[], record = recordOf(eventWith())): string[] {
  return signalsOf(exceptions, record)
    .flatMap(({ excepted }) => (excepted ? `${excepted.target} by ${excepted.by}` : []))
    .sort();
}

test('a rule without exceptions, or that another exception names, keeps its matches', () => {
  assert.deepEqual(takenFrom([]), []);
  assert.deepEqual(takenFrom([exception('e', '[pods]', ALWAYS)]), ['id-of-pods by e']);
});

test('an exception takes matches from what it names, and from nothing else: not from correlations of a rule', () => {
  assert.deepEqual(takenFrom([exception('e', '[creations]', ALWAYS)]), ['creations by e']);
  assert.deepEqual(takenFrom([exception('e', '[twice]', ALWAYS)]), ['twice by e']);
  assert.deepEqual(takenFrom([exception('e', '[new, PW01]', ALWAYS)]), [
    'creations by e',
    'id-of-pods by e',
    'new by e',
  ]);
});

test('what is taken away is the same match, for a consumer of its own', () => {
  const [before] = signalsOf([], recordOf(eventWith())).filter(({ target }) => target === 'twice');
  const [after] = signalsOf([exception('e', '[twice]', ALWAYS)], recordOf(eventWith())).filter(
    ({ excepted }) => excepted,
  );
  assert.deepEqual(after, { ...before!, target: '["e","twice"]', excepted: { by: 'e', target: 'twice' } });
});

test('only what meets the condition is taken away', () => {
  const ofAlice = exception('e', 'any', `${ALWAYS}detection: {who: {user.username: alice}, condition: who}`);
  assert.equal(takenFrom([ofAlice]).length, 4);
  assert.deepEqual(takenFrom([ofAlice], recordOf(eventWith({ user: { username: 'bob' } }))), []);
});

test('the time of the request decides: from the first moment of the period to the last before its end', () => {
  const between = exception(
    'e',
    '[pods]',
    'from: 2026-11-22T13:00:00.000001Z\nexpires: 2026-11-22T13:00:00.000003Z\n',
  );
  const at = (microsecond: number) =>
    recordOf(
      eventWith({
        requestReceivedTimestamp: `2026-11-22T13:00:00.00000${microsecond}Z`,
        stageTimestamp: '2026-11-22T13:30:00.000000Z',
      }),
    );
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((microsecond) => takenFrom([between], at(microsecond)).length),
    [0, 1, 1, 0, 0],
  );
});

test('without `from` it holds of all that came before its end, whenever it is read', () => {
  const until = exception('e', '[pods]', 'date: 2026-11-22\nexpires: 2026-11-23\n');
  const old = eventWith({
    requestReceivedTimestamp: '2020-01-01T00:00:00.000000Z',
    stageTimestamp: '2020-01-01T00:00:00.000000Z',
  });
  assert.equal(takenFrom([until], recordOf(old)).length, 1);
  assert.equal(takenFrom([until], recordOf(eventWith(), Date.UTC(2040, 0, 1))).length, 1);
});

test('an event without a time that can be believed is not excepted', () => {
  const event = eventWith({ requestReceivedTimestamp: 'soon', stageTimestamp: 'soon' });
  assert.deepEqual(takenFrom([exception('e', '[pods]', ALWAYS)], recordOf(event)), []);
});

test('a review is excepted like the event of its request', () => {
  const request = {
    uid: 'u',
    operation: 'CREATE',
    kind: { version: 'v1', kind: 'Pod' },
    resource: { version: 'v1', resource: 'pods' },
    namespace: 'dev',
    name: 'p',
    userInfo: { username: 'alice' },
    object: { kind: 'Pod', metadata: { name: 'p' } },
  };
  const ends = (time: string) => exception('e', '[pods]', `date: 2026-11-22\nexpires: ${time}\n`);
  const taken = (time: string) => takenFrom([ends(time)], reviewRecord(request, RECEIVED_MS)).length;
  assert.deepEqual([taken('2026-11-22T14:00:00Z'), taken('2026-11-22T14:00:01Z')], [0, 1]);
});

test('of several the first that holds takes a match, and only one does', () => {
  const over = exception('a', '[pods]', 'date: 2026-11-01\nexpires: 2026-11-02\n');
  const [b, c] = ['b', 'c'].map((id) => exception(id, '[pods]', ALWAYS));
  assert.deepEqual(takenFrom([over, b!, c!]), ['id-of-pods by b']);
  assert.deepEqual(takenFrom([c!, b!, over]), ['id-of-pods by c']);
});

test('how an exception stands at a time', () => {
  const day = 86_400_000_000;
  const stands = (now: number, from?: number) => {
    const period = { expires: 100 * day, ...(from === undefined ? {} : { from }) } as Parameters<
      typeof stateOf
    >[0];
    return `${stateOf(period, now)} ${daysLeft(period, now)}`;
  };
  assert.equal(stands(0), 'active 100');
  assert.equal(stands(49 * day, 50 * day), 'not-yet 51');
  assert.equal(stands(50 * day, 50 * day), 'active 50');
  assert.equal(stands(86 * day - 1), 'active 15');
  assert.equal(stands(86 * day), 'ending 14');
  assert.equal(stands(100 * day - 1), 'ending 1');
  assert.equal(stands(100 * day), 'expired 0');
});
