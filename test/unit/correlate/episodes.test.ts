import assert from 'node:assert/strict';
import test from 'node:test';
import { type EpisodeFinder, eventCount, repeats, temporalOrdered } from '../../../src/correlate/episodes.ts';
import { SECOND, signalAt } from './support.ts';

/** `a1 b3`: a match of rule a at second 1, of rule b at second 3; `a1:x` with the value x. */
function found(find: EpisodeFinder, text: string): string {
  const signals = text.split(' ').flatMap((word, index) => {
    const [, rule, seconds, value] = /^([a-z])(\d+)(?::(\w+))?$/.exec(word) ?? [];
    const fields = { id: `${index}`, rule: rule!, ...(value ? { values: { user: value } } : {}) };
    return rule ? [signalAt(Number(seconds), fields)] : [];
  });
  const secondsOf = (time: number) => time / SECOND - signalAt(0).time! / SECOND;
  return find(signals)
    .map(
      ({ signals: members, count, until }) =>
        `${members.map(({ rule, time }) => `${rule}${secondsOf(time!)}`).join(' ')} =${count} <${secondsOf(until)}`,
    )
    .join(' | ');
}

function table(find: EpisodeFinder, cases: Readonly<Record<string, string>>): void {
  for (const [signals, episodes] of Object.entries(cases))
    assert.equal(found(find, signals), episodes, signals);
}

test('repeats are counted from the beginning of an alert, to the very end of its time', () => {
  table(repeats(10 * SECOND), {
    '': '',
    a1: 'a1 =1 <11',
    'a1 a1 a1': 'a1 a1 a1 =3 <11',
    'a1 a11': 'a1 a11 =2 <11',
    'a1 a12': 'a1 =1 <11 | a12 =1 <22',
    'a1 a6 a11 a12 a21': 'a1 a6 a11 =3 <11 | a12 a21 =2 <22',
  });
  table(repeats(0), { 'a1 a1 a2': 'a1 a1 =2 <1 | a2 =1 <2' });
});

test('a count begins with the first match of the window that reaches it', () => {
  table(eventCount({ timespan: 10 * SECOND, suppress: 0, satisfied: (count) => count >= 3 }), {
    'a1 a2': '',
    'a1 a2 a3': 'a1 a2 a3 =3 <11',
    'a1 a2 a11': 'a1 a2 a11 =3 <11',
    'a1 a2 a12': '',
    'a0 a5 a12 a13': 'a5 a12 a13 =3 <15',
    'a1 a2 a3 a4 a11 a12 a13 a14': 'a1 a2 a3 a4 a11 =5 <11 | a12 a13 a14 =3 <22',
    'a1 a1 a1': 'a1 a1 a1 =3 <11',
  });
  table(eventCount({ timespan: 10 * SECOND, suppress: 30 * SECOND, satisfied: (count) => count >= 2 }), {
    'a1 a2 a31 a32': 'a1 a2 a31 =3 <31',
    'a1 a2 a32 a33': 'a1 a2 =2 <31 | a32 a33 =2 <62',
  });
  table(eventCount({ timespan: 10 * SECOND, suppress: 0, satisfied: (count) => count === 2 }), {
    'a1 a2 a3': 'a1 a2 a3 =3 <11',
  });
});

test('a count of different values counts each once, and so does one of different rules', () => {
  const options = { timespan: 10 * SECOND, suppress: 0, satisfied: (count: number) => count >= 2 };
  table(eventCount({ ...options, distinct: 'user' }), {
    'a1:x a2:x b3:x': '',
    'a1:x a2:x a3:y': 'a1 a2 a3 =3 <11',
  });
  table(eventCount({ ...options, distinct: 'rule' }), {
    'a1:x a2:y a3:z': '',
    'a1:x a2:x b3:x': 'a1 a2 b3 =3 <11',
  });
});

test('a sequence needs its steps in order and in time', () => {
  const options = { steps: ['a', 'b', 'c'], timespan: 10 * SECOND, suppress: 0, sameAny: [] };
  table(temporalOrdered(options), {
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
  table(temporalOrdered({ ...options, steps: ['a', 'b'], suppress: 20 * SECOND }), {
    'a1 b2 a5 b21 b22': 'a1 b2 a5 b21 =2 <21',
    'b1 a2': '',
  });
});

test('the first and the last step of a sequence may have to agree', () => {
  const options = { steps: ['a', 'b', 'c'], timespan: 10 * SECOND, suppress: 0, sameAny: ['user', 'series'] };
  table(temporalOrdered(options), {
    'a1:x b2:y c3:x': 'a1 b2 c3 =1 <11',
    'a1:x b2:x c3:y': '',
    'a1 b2 c3': '',
    'a1:x a2:y b3 c4:y': 'a2 b3 c4 =1 <12',
    'a1:y a2:x b3 a4:y c5:y': 'a1 a2 b3 a4 c5 =1 <11',
    'a1:x b2 a3:y c4:y': '',
  });
});

test('thousands of steps that come to nothing take no time', () => {
  const find = temporalOrdered({ steps: ['a', 'b', 'c'], timespan: 1e12, suppress: 0, sameAny: [] });
  const signals = Array.from({ length: 20_000 }, (_, index) =>
    signalAt(index, { id: `${index}`, rule: index < 10_000 ? 'a' : 'c' }),
  );
  const started = process.hrtime.bigint();
  assert.deepEqual(find(signals), []);
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n);
});
