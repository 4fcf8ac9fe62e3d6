import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatEventTime, parseEventTime, parseMoment } from '../../../src/record/time.ts';

test('a time keeps its microseconds', () => {
  assert.equal(parseEventTime('2026-11-22T13:38:21.376463Z'), 1_795_354_701_376_463);
  assert.equal(parseEventTime('2026-11-22T13:38:21Z'), 1_795_354_701_000_000);
  assert.equal(parseEventTime('2026-11-22T13:38:21.1Z'), 1_795_354_701_100_000);
  assert.equal(parseEventTime('2026-11-22T14:38:21.376463+01:00'), 1_795_354_701_376_463);
  assert.equal(
    parseEventTime('2026-11-22T13:38:21.376463999Z'),
    1_795_354_701_376_463,
    'nanoseconds are cut',
  );
});

test('every time that can be written is read back as it was', () => {
  const times = fc.integer({ min: Date.UTC(2014, 0, 1) * 1000, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(times, (time) => {
      assert.equal(parseEventTime(formatEventTime(time)), time);
    }),
  );
});

test('a time reads the same in the form of the API server and with an offset, also where it is none', () => {
  const digits = (...most: number[]) => fc.tuple(...most.map((max) => fc.integer({ min: 0, max })));
  const odd = fc.constantFrom('', '', '', '', '', 'x', ' ', ':', '.5', '-', '１');
  fc.assert(
    fc.property(
      digits(99, 99),
      digits(24, 60, 60),
      fc.integer({ min: 0, max: 999_999 }),
      odd,
      fc.nat(26),
      ([month, day], time, fraction, other, at) => {
        const two = (number: number) => String(number).padStart(2, '0');
        const date = `2026-${two(month! % 14)}-${two(day! % 33)}`;
        const usual = `${date}T${time.map(two).join(':')}${fraction % 3 ? `.${String(fraction).padStart(6, '0')}` : ''}`;
        const text = usual.slice(0, at) + other + usual.slice(at + other.length);
        parseEventTime(`${date}T00:00:00Z`);
        assert.equal(parseEventTime(`${text}Z`), parseEventTime(`${text}+00:00`), text);
      },
    ),
    { numRuns: 5000 },
  );
});

test('what is not a time, or cannot be one of Kubernetes, is none', () => {
  const wrong = [
    '0001-01-01T00:00:00Z',
    '2013-12-31T23:59:59.999999Z',
    '9999-12-31T23:59:59.999999Z',
    '2026-11-22',
    '2026-11-22T13:38:21',
    '2026-13-01T00:00:00Z',
    '2026-11-22T13:38:99Z',
    'Nov 22 2026',
    '1795354701',
    '',
    'x'.repeat(100_000),
    1_795_354_701,
    null,
    undefined,
    {},
    ['2026-11-22T13:38:21Z'],
  ];
  for (const text of wrong) assert.equal(parseEventTime(text), undefined, String(text).slice(0, 40));
});

test('a person writes a date, which is its midnight, or a timestamp', () => {
  assert.equal(parseMoment('2027-03-01'), Date.UTC(2027, 2, 1) * 1000);
  assert.equal(parseMoment('2028-02-29'), Date.UTC(2028, 1, 29) * 1000);
  assert.equal(parseMoment('2027-03-01T12:00:00+01:00'), Date.UTC(2027, 2, 1, 11) * 1000);
  for (const wrong of [
    '2027-02-29',
    '2027-04-31',
    '2027-13-01',
    '2027-3-1',
    '2027-03-01T12:00',
    'tomorrow',
    20270301,
    null,
  ])
    assert.equal(parseMoment(wrong), undefined, String(wrong));
});
