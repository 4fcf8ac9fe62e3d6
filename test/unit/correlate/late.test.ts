import assert from 'node:assert/strict';
import test from 'node:test';
import { Correlator } from '../../../src/correlate/correlator.ts';
import { type Plan, planBehaviours } from '../../../src/correlate/plan.ts';
import { parseRules } from '../../../src/detect/sigma/parse.ts';
import type { Alert } from '../../../src/record/alert.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { keep, signalAt, standing } from './support.ts';

const LIMITS = {
  lateness_seconds: 20,
  lateness_review_seconds: 5,
  groups_max: 100,
  signals_per_group_max: 100,
  baseline_groups_max: 0,
  baseline_values_per_group_max: 0,
  evidence_max: 4,
};

/** Forgets what it may after every signal. */
const FORGETFUL = { offsetsKept: 0, sweepEvery: 1, offsetsRestored: 1_000_000 };

function planOf(...correlations: string[]): Plan {
  const rules = ['a', 'b'].map(
    (name) =>
      `title: ${name}\nid: ${name}\nlogsource: {product: kubernetes, service: audit}\ndetection: {s: {verb: ${name}}, condition: s}\n`,
  );
  const texts = correlations.map((text) => `title: C\ncorrelation: { group-by: [userAgent], ${text}\n`);
  const set = parseRules([{ name: 'r.yml', text: [...rules, ...texts].join('---\n') }]);
  assert.deepEqual(set.problems, []);
  return planBehaviours(set, 0);
}

/** What is said of signals one after another, each with a look at what can be forgotten. */
function say(plan: Plan, signals: readonly Signal[]) {
  const reached: string[] = [];
  const correlator = new Correlator(plan, LIMITS, (limit) => reached.push(limit), FORGETFUL);
  const store = new Map<string, Alert>();
  const told = signals.map((signal, offset) => {
    correlator.add(signal, offset);
    const spoken = correlator.take();
    keep(store, spoken);
    return spoken
      .map(({ alert: { gatewatch }, isNew }) =>
        isNew ? `+${gatewatch.count}` : gatewatch.status === 'withdrawn' ? '-' : `~${gatewatch.count}`,
      )
      .join(' ');
  });
  const counts = [...standing(store).values()].map((alert) => (alert as Alert).gatewatch.count);
  return { told, counts, reached };
}

const at = (seconds: number, rule: string, target = rule) =>
  signalAt(seconds, { id: `${rule}${seconds}`, rule, target });

test('what comes late takes an alert back whose condition it disproves', () => {
  const few = planOf('type: event_count, rules: [a], timespan: 10s, condition: { lte: 2 } }\nid: few');
  assert.deepEqual(say(few, [at(10, 'a', 'few'), at(10.5, 'a', 'few')]).told, ['+1', '~2']);
  assert.deepEqual(say(few, [at(10, 'a', 'few'), at(9, 'a', 'few'), at(8, 'a', 'few')]).told, [
    '+1',
    '+2 -',
    '+3 -',
  ]);
  const same = [10, 10, 10].map((seconds, index) => ({ ...at(seconds, 'a', 'few'), id: `a${index}` }));
  assert.deepEqual(say(few, same).told, ['+1', '~2', '-']);

  const without = planOf(
    'type: temporal, rules: [a, b], timespan: 10s, condition: a and not b }\nid: without',
  );
  assert.deepEqual(say(without, [at(10, 'a', 'without'), at(5, 'b', 'without')]).told, ['+1', '-']);
  assert.deepEqual(say(without, [at(10, 'a', 'without'), at(15, 'b', 'without')]).told, ['+1', '~2']);
});

test('what is forgotten is not missed by a condition that says how little may be there', () => {
  const few = planOf('type: event_count, rules: [a], timespan: 10s, condition: { lt: 3 } }\nid: few');
  const steady = Array.from({ length: 100 }, (_, index) => at(index * 4, 'a', 'few'));
  assert.deepEqual(say(few, steady).counts, [3]);
});

test('what comes later than the lateness of its source allows is counted, and told of all the same', () => {
  const single: Plan = planOf();
  const signals = [at(0, 'a'), at(100, 'a'), at(200, 'a'), at(50, 'a'), at(100, 'a'), at(180, 'a')];
  const { told, reached } = say(single, signals);
  assert.deepEqual(told, ['+1', '+1', '+1', '+1', '+1', '+1']);
  assert.deepEqual(reached, ['lateness_seconds', 'lateness_seconds']);
  const reviewed = signals.map(
    (signal): Signal => ({ ...signal, evidence: { ...signal.evidence, source: 'review' } }),
  );
  assert.deepEqual(say(single, reviewed).reached, new Array(3).fill('lateness_review_seconds'));
  const many = planOf('type: event_count, rules: [a], timespan: 10s, condition: { gte: 2 } }\nid: many');
  const late = [0, 1, 100, 200, 50, 51].map((seconds) => at(seconds, 'a', 'many'));
  assert.deepEqual(say(many, late).told, ['', '+2', '', '', '', '+2']);
});

test('a correlation below another is looked back at for as long as it decides', () => {
  const plan = planOf(
    'type: event_count, rules: [steady], timespan: 20s, condition: { gte: 1 } }\nid: outer',
    'type: event_count, rules: [a], timespan: 5s, condition: { gte: 3 } }\nid: steady',
  );
  const seen = (seconds: number): Signal => ({
    ...at(seconds, 'a', 'outer'),
    through: [{ correlation: 'steady', group: ['x'] }],
  });
  const pairs = Array.from({ length: 21 }, (_, index) => [seen(index * 5), twin(seen(index * 5))]).flat();
  assert.equal(say(plan, pairs).counts.length, 1, 'it began once, and holds ever since');
  // As late as may be, after what could be forgotten was.
  const repeated = new Array<Signal>(100).fill(pairs.at(-1)!);
  const late = pairs.findIndex(({ id }) => id === 'twin-a80');
  assert.equal(say(plan, [...pairs.toSpliced(late, 1), ...repeated, pairs[late]!]).counts.length, 1);
});

const twin = (signal: Signal): Signal => ({ ...signal, id: `twin-${signal.id}` });

test('an alert is told anew when a correlation changes that its rule refers to', () => {
  const outer = 'type: event_count, rules: [inner], timespan: 20s, condition: { gte: 1 } }\nid: outer';
  const inner = (least: number) =>
    `type: event_count, rules: [a], timespan: 10s, condition: { gte: ${least} } }\nid: inner`;
  const correlator = new Correlator(planOf(outer, inner(2)), LIMITS, () => {}, FORGETFUL);
  for (const second of [1, 2]) {
    correlator.add({ ...at(second, 'a', 'outer'), through: [{ correlation: 'inner', group: [''] }] }, second);
  }
  assert.deepEqual(
    correlator.take().map(({ isNew }) => isNew),
    [true],
  );
  correlator.use(planOf(outer, inner(2)));
  assert.deepEqual(correlator.take(), []);
  correlator.use(planOf(outer, inner(3)));
  assert.deepEqual(
    correlator.take().map(({ alert }) => alert.gatewatch.status),
    ['withdrawn'],
  );
});

test('alerts that rest on the same matches are alerts of their own', () => {
  const plan = planOf(
    'type: temporal, rules: [pair, b], timespan: 10s }\nid: outer',
    'type: event_count, rules: [a], timespan: 60s, condition: { gte: 2 } }\nid: pair',
  );
  const below = (seconds: number): Signal => ({
    ...at(seconds, 'a', 'outer'),
    through: [{ correlation: 'pair', group: [''] }],
  });
  const signals = [below(0), below(1), at(2, 'b', 'outer'), below(15), at(16, 'b', 'outer')];
  assert.deepEqual(say(plan, signals).told, ['', '', '+2', '', '+1']);
});

test('two ways in which a correlation sees a match are two, and its evidence is one', () => {
  const plan = planOf(
    'type: temporal, rules: [pair, a], timespan: 10s }\nid: outer',
    'type: event_count, rules: [a], timespan: 10s, condition: { gte: 2 } }\nid: pair',
  );
  const both = (seconds: number): Signal[] => {
    const direct = at(seconds, 'a', 'outer');
    return [direct, { ...direct, through: [{ correlation: 'pair', group: [''] }] }];
  };
  const correlator = new Correlator(plan, LIMITS, () => {}, FORGETFUL);
  for (const [offset, signal] of [...both(1), ...both(2)].entries()) correlator.add(signal, offset);
  const { alert } = correlator.take()[0]!;
  assert.deepEqual(
    alert.gatewatch.evidence.map(({ record_id }) => record_id),
    ['record-a1', 'record-a2'],
  );
  assert.equal(alert.gatewatch.count, 3);
});
