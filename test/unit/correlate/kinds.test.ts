import assert from 'node:assert/strict';
import test from 'node:test';
import { type EpisodeFinder, unsettled } from '../../../src/correlate/episodes.ts';
import { eventCount } from '../../../src/correlate/kinds/event-count.ts';
import type { Kind } from '../../../src/correlate/kinds/kind.ts';
import { REPEATS } from '../../../src/correlate/kinds/repeats.ts';
import { temporal } from '../../../src/correlate/kinds/temporal.ts';
import { temporalOrdered } from '../../../src/correlate/kinds/temporal-ordered.ts';
import { valueCount } from '../../../src/correlate/kinds/value-count.ts';
import { valuePercentile } from '../../../src/correlate/kinds/value-percentile.ts';
import { valueAverage, valueSum } from '../../../src/correlate/kinds/value-total.ts';
import { finder } from '../../../src/correlate/referred.ts';
import { parseCondition } from '../../../src/detect/sigma/condition.ts';
import { allRules, type RuleCondition, type RuleNamed } from '../../../src/detect/sigma/rule-condition.ts';
import { found, signalsOf } from './notation.ts';
import { SECOND, signalAt } from './support.ts';

const TEN = 10 * SECOND;

const kind = (one: Kind, suppress = 0): EpisodeFinder => finder({ kind: one, inner: new Map() }, suppress);

function table(find: EpisodeFinder, cases: Readonly<Record<string, string>>): void {
  for (const [signals, episodes] of Object.entries(cases))
    assert.equal(found(find, signalsOf(signals)), episodes, signals);
}

test('repeats are counted from the beginning of an alert, to the very end of its time', () => {
  table(kind(REPEATS, TEN), {
    '': '',
    a1: 'a1 =1 <11',
    'a1 a1 a1': 'a1 a1 a1 =3 <11',
    'a1 a11': 'a1 a11 =2 <11',
    'a1 a12': 'a1 =1 <11 | a12 =1 <22',
    'a1 a6 a11 a12 a21': 'a1 a6 a11 =3 <11 | a12 a21 =2 <22',
  });
  table(kind(REPEATS), { 'a1 a1 a2': 'a1 a1 =2 <1 | a2 =1 <2' });
});

test('a count begins with the first match of the window that reaches it', () => {
  table(kind(eventCount(TEN, { gte: 3 })), {
    'a1 a2': '',
    'a1 a2 a3': 'a1 a2 a3 =3 <11',
    'a1 a2 a11': 'a1 a2 a11 =3 <11',
    'a1 a2 a12': '',
    'a0 a5 a12 a13': 'a5 a12 a13 =3 <15',
    'a1 a2 a3 a4 a11 a12 a13 a14': 'a1 a2 a3 a4 a11 =5 <11 | a12 a13 a14 =3 <22',
    'a1 a1 a1': 'a1 a1 a1 =3 <11',
  });
  table(kind(eventCount(TEN, { gte: 2 }), 30 * SECOND), {
    'a1 a2 a31 a32': 'a1 a2 a31 =3 <31',
    'a1 a2 a32 a33': 'a1 a2 =2 <31 | a32 a33 =2 <62',
  });
});

test('a count may be bounded from above: every match of a window that an alert begins with is looked at, told of or not', () => {
  table(kind(eventCount(TEN, { eq: 2 })), {
    'a1 a2 a3': 'a1 a2 a3 =3 <11',
    'a1 a1 a1': '',
    a1: '',
  });
  table(kind(eventCount(TEN, { gt: 1, lte: 3, neq: 2 })), {
    'a1 a2': '',
    'a1 a2 a3 a4': 'a1 a2 a3 a4 =4 <11',
    'a1 a2 a2 a2': '',
  });
  table(kind(eventCount(TEN, { lt: 3 })), {
    a1: 'a1 =1 <11',
    'a1 a1 a1': '',
    'a1 a2 a3 a4 a12 a30': 'a1 a2 a3 a4 =4 <11 | a30 =1 <40',
    'a1 a2 a3 a4 a14': 'a1 a2 a3 a4 =4 <11 | a14 =1 <24',
  });
  table(kind(eventCount(TEN, { neq: 1 })), { 'a1 a12': '', 'a1 a2': 'a1 a2 =2 <11' });
});

test('different values count once each; what lacks one counts none', () => {
  table(kind(valueCount(TEN, { gte: 2 }, ['user'])), {
    'a1:x a2:x b3:x': '',
    'a1:x a2:x a3:y': 'a1 a2 a3 =3 <11',
    'a1 a2 a3:y': '',
    'a1:x a12:y a13:x': 'a12 a13 =2 <22',
    'a1:x a3:y a12:z': 'a1 a3 =2 <11',
  });
  table(kind(valueCount(TEN, { lte: 1 }, ['user'])), {
    'a1:x a1:y': '',
    'a1:x a2:x': 'a1 a2 =2 <11',
    a1: 'a1 =1 <11',
  });
});

test('numbers are added and averaged exactly; what is no number is passed over', () => {
  table(kind(valueSum(TEN, { gte: 0.3 }, 'user')), {
    'a1:0.1 a2:0.2': 'a1 a2 =2 <11',
    'a1:0.1 a2:0.1999999999': '',
    'a1:0.1 a2:0.199999999': '',
    'a1:x a2:1e3 a3:0x10 a4': '',
    'a1:0.3 a2:x': 'a1 a2 =2 <11',
    'a1:5 a1:-5': '',
    'a1:0.2 a12:0.2 a13:+0.2': 'a12 a13 =2 <22',
  });
  table(kind(valueSum(TEN, { lt: -1 }, 'user')), { 'a1:-1 a2:-0.5': 'a1 a2 =2 <11', a1: '' });
  table(kind(valueAverage(TEN, { gt: 2, lte: 3 }, 'user')), {
    'a1:1 a2:3': '',
    'a1:1 a2:5': 'a1 a2 =2 <11',
    'a1:1 a2:3 a2:4': 'a1 a2 a2 =3 <11',
    'a1 a2:x': '',
  });
  const sum = 2n ** 80n;
  table(kind(valueSum(TEN, { eq: 1 }, 'user')), { [`a1:${sum} a2:-${sum} a3:1`]: 'a1 a2 a3 =3 <11' });
});

test('a percentile lies between two numbers in proportion', () => {
  table(kind(valuePercentile(TEN, { gte: 3 }, 'user', 50)), {
    'a1:1 a2:2 a2:9': '',
    'a1:1 a2:5': 'a1 a2 =2 <11',
    'a1:1 a2:4': '',
    'a1:3': 'a1 =1 <11',
    a1: '',
  });
  table(kind(valuePercentile(TEN, { eq: 9.1 }, 'user', 90)), {
    'a1:1 a1:2 a1:3 a1:4 a1:5 a1:6 a1:7 a1:8 a1:9 a1:10': 'a1 a1 a1 a1 a1 a1 a1 a1 a1 a1 =10 <11',
  });
  table(kind(valuePercentile(TEN, { lt: 2 }, 'user', 0)), { 'a1:5 a2:1': 'a1 a2 =2 <11', 'a1:2': '' });
  table(kind(valuePercentile(TEN, { gte: 5 }, 'user', 100)), { 'a1:5 a12:4': 'a1 =1 <11', 'a1:4': '' });
});

/** A condition over names of rules, which are their ids. */
function condition(text: string): RuleCondition {
  const names = [...new Set(text.match(/\b[a-z]\b/g))];
  const named = names.map((rule): [string, RuleNamed] => [rule, { kind: 'item', rule }]);
  return { expression: parseCondition(text, new Map(named)).expression };
}

test('rules may match in any order, all or some of them', () => {
  table(kind(temporal(TEN, condition('a and b and c'))), {
    'c1 a2 b3': 'c1 a2 b3 =3 <11',
    'a1 b2': '',
    'a1 b2 c12': '',
    'a1 a2 b3 c12': 'a2 b3 c12 =3 <12',
  });
  table(kind(temporal(TEN, { threshold: { gte: 2 } })), { 'a1 a2': '', 'a1 c2': 'a1 c2 =2 <11' });
  table(kind(temporal(TEN, { threshold: { eq: 1 } })), { 'a1 b1': '', 'a1 a2': 'a1 a2 =2 <11' });
  table(kind(temporal(TEN, condition('a and (b or not c)'))), {
    a1: 'a1 =1 <11',
    'c1 a2': '',
    'c1 a2 b3': 'c1 a2 b3 =3 <11',
    'c1 a12': 'a12 =1 <22',
    'c1 a2 a12': 'a2 a12 =2 <12',
    'a1 a2 c3 a13': 'a1 a2 c3 =3 <11',
  });
});

test('a sequence needs its steps in order and in time', () => {
  const steps = ['a', 'b', 'c'];
  const options = {
    steps,
    condition: { expression: allRules(steps) },
    timespan: TEN,
    sameAny: [],
    differAny: [],
  };
  table(kind(temporalOrdered(options)), {
    'a1 b2 c3': 'a1 b2 c3 =1 <11',
    'a1 c2 b3': '',
    'b1 a2 c3': '',
    'a1 b2 c11': 'a1 b2 c11 =1 <11',
    'a1 b2 c12': '',
    'a1 a5 b6 c12': 'a5 b6 c12 =1 <15',
    'a1 b2 c3 c4 c11 c12': 'a1 b2 c3 c4 c11 =3 <11',
    'a1 b2 c3 a12 b13 c14': 'a1 b2 c3 =1 <11 | a12 b13 c14 =1 <22',
    'a1 a2 b3 b4 c5': 'a1 a2 b3 b4 c5 =1 <11',
    'c1 b1 a1': 'a1 b1 c1 =1 <11',
    'a1 b12 a13 c14': '',
  });
  const two = { ...options, steps: ['a', 'b'], condition: { expression: allRules(['a', 'b']) } };
  table(kind(temporalOrdered(two), 20 * SECOND), {
    'a1 b2 a5 b21 b22': 'a1 b2 a5 b21 =2 <21',
    'b1 a2': '',
  });
});

test('the first and the last step of a sequence may have to agree', () => {
  const steps = ['a', 'b', 'c'];
  const options = {
    steps,
    condition: { expression: allRules(steps) },
    timespan: TEN,
    sameAny: ['user', 'series'],
    differAny: [],
  };
  table(kind(temporalOrdered(options)), {
    'a1:x b2:y c3:x': 'a1 b2 c3 =1 <11',
    'a1:x b2:x c3:y': '',
    'a1 b2 c3': '',
    'a1:x a2:y b3 c4:y': 'a2 b3 c4 =1 <12',
    'a1:y a2:x b3 a4:y c5:y': 'a1 a2 b3 a4 c5 =1 <11',
    'a1:x b2 a3:y c4:y': '',
  });
});

test('the first and the last step of a sequence may have to differ', () => {
  const steps = ['a', 'b', 'c'];
  const options = { steps, condition: { expression: allRules(steps) }, timespan: TEN, sameAny: [] };
  table(kind(temporalOrdered({ ...options, differAny: ['user'] })), {
    'a1:x b2:x c3:y': 'a1 b2 c3 =1 <11',
    'a1:x b2:y c3:x': '',
    'a1:x b2 c3': 'a1 b2 c3 =1 <11',
    'a1 b2 c3': '',
    'a1:x a2:y b3 c4:y': 'a1 a2 b3 c4 =1 <11',
    'a1:x a2:y b3 c4:x': 'a2 b3 c4 =1 <12',
    'a1:x a2:y a3:y b4 c5:y c12:y': 'a1 a2 a3 b4 c5 =1 <11',
    'a1:x a2:y a3:y b4 c12:y': '',
    'a1:y b2 a3:x c4:y': '',
  });
  // The notation knows one field: in which both must agree and differ, which nothing can.
  table(kind(temporalOrdered({ ...options, sameAny: ['user'], differAny: ['user'] })), {
    'a1:x b2 c3:x': '',
    'a1:x b2 c3:y': '',
  });
});

test('a sequence may do with some of its steps, and without others', () => {
  const options = { steps: ['a', 'b', 'c'], timespan: TEN, sameAny: [], differAny: [] };
  table(kind(temporalOrdered({ ...options, condition: { threshold: { gte: 2 } } })), {
    'a1 c2': 'a1 c2 =1 <11',
    'c1 a2': '',
    'c1 b2 a3': '',
    'c1 b2 a3 b4': 'c1 b2 a3 b4 =1 <11',
    'a1 c12': '',
  });
  table(kind(temporalOrdered({ ...options, condition: { threshold: { eq: 2 } } })), {
    'a1 b1 c1': '',
    'a1 b2 c3': 'a1 b2 c3 =1 <11',
  });
  table(kind(temporalOrdered({ ...options, condition: condition('a and (b or not c)') })), {
    a1: 'a1 =1 <11',
    'c1 a2': '',
    'b1 c1 a2': '',
    'c1 a2 b3': 'a2 b3 =1 <12',
    'c1 b2 a3 b4': 'a3 b4 =1 <13',
  });
  table(kind(temporalOrdered({ ...options, condition: condition('(a or b) and c') })), {
    'c1 b2': '',
    'b1 c2': 'b1 c2 =1 <11',
    'a1 c2 c3': 'a1 c2 c3 =2 <11',
  });
});

test('thousands of steps that come to nothing take no time', () => {
  const steps = ['a', 'b', 'c'];
  const find = kind(
    temporalOrdered({
      steps,
      condition: { expression: allRules(steps) },
      timespan: 1e12,
      sameAny: [],
      differAny: [],
    }),
  );
  const matches = (rule: (index: number) => string) =>
    Array.from({ length: 20_000 }, (_, index) => signalAt(index, { id: `${index}`, rule: rule(index) }));
  const started = process.hrtime.bigint();
  assert.deepEqual(find(unsettled(matches((index) => (index < 10_000 ? 'a' : 'c')))), []);
  assert.deepEqual(find(unsettled(matches((index) => (index === 0 ? 'b' : index % 2 ? 'a' : 'c')))), []);
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n);
});
