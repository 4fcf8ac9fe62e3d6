import assert from 'node:assert/strict';
import test from 'node:test';
import { type Recent, RecentRecords } from '../../../src/detect/recent.ts';
import { eventWith, recordOf } from './support.ts';

const SECOND = 1_000_000;
const START = Date.UTC(2026, 10, 22) * 1000;

/** A record of some second, about 600 bytes long. */
function recentAt(second: number, auditID = `e${second}`, key = 'c/dev', offset = second): Recent {
  const record = { ...recordOf(eventWith({ auditID })), key };
  return { record, offset, time: START + second * SECOND, request: auditID, asked: [''] };
}

function setUp(limits = { lateness_seconds: 300, recent_bytes_max: 1_000_000 }) {
  let reached = 0;
  const records = new RecentRecords(limits, () => reached++);
  const add = (recent: Recent) => {
    const wanted = records.wants(recent.record, recent.time);
    if (wanted) records.put(recent);
    return wanted;
  };
  const after = (second: number, request = 'x', key = 'c/dev') =>
    records.after(key, { time: START + second * SECOND, request }).map((one) => one.request);
  return { records, add, after, reached: () => reached };
}

test('what came after a moment is told in order of event time, of one key, whatever came first', () => {
  const { add, after } = setUp();
  for (const second of [5, 1, 9, 3]) add(recentAt(second));
  add(recentAt(4, 'elsewhere', 'c/prod'));
  assert.deepEqual(after(2), ['e3', 'e5', 'e9']);
  assert.deepEqual(after(5, 'e5'), ['e9'], 'not of the same request');
  assert.deepEqual(after(5, 'a'), ['e5', 'e9'], 'by request where the times are the same');
  assert.deepEqual(after(3, 'x', 'c/prod'), ['elsewhere']);
  assert.deepEqual(after(9), []);
});

test('what comes again, has no time or comes later than may be is not wanted', () => {
  const { add, records } = setUp();
  assert.ok(add(recentAt(1000)));
  assert.ok(!add(recentAt(1000)), 'again');
  assert.ok(!records.wants(recentAt(1, 'none').record, Number.MAX_SAFE_INTEGER));
  assert.ok(!add(recentAt(699)), 'too late');
  assert.ok(add(recentAt(700)));
});

test('records are let go once nothing earlier may come, and when there are too many bytes of them', () => {
  const { add, after, records } = setUp();
  for (let second = 0; second < 3000; second++) add(recentAt(second));
  const kept = after(0);
  assert.ok(kept.length >= 300 && kept.length <= 1300, `${kept.length}`);
  assert.equal(records.lowestOffset, 3000 - kept.length);

  const few = setUp({ lateness_seconds: 300, recent_bytes_max: 2000 });
  for (const second of [3, 1, 2, 4]) few.add({ ...recentAt(second), offset: 10 - second });
  assert.ok(few.reached() > 0);
  assert.ok(!few.after(0).includes('e3'), 'the first that came');
  assert.ok(few.after(0).includes('e4'));
});

test('a cluster that sends no more is let go by the time at which others arrive', () => {
  const { add, records } = setUp();
  const arriving = (second: number, cluster: string) => {
    const recent = recentAt(
      cluster === 'quiet' ? 0 : second,
      `${cluster}${second}`,
      `${cluster}/dev`,
      second,
    );
    return { ...recent, record: { ...recent.record, cluster, receivedMs: second * 1000 } };
  };
  add(arriving(0, 'quiet'));
  for (let second = 1; second < 3000; second++) add(arriving(second, 'busy'));
  assert.ok(records.lowestOffset! > 1000, `${records.lowestOffset}`);
});

test('one that is looked at again keeps its place in the log', () => {
  const { add, records } = setUp();
  for (const second of [1, 2, 3]) add(recentAt(second));
  records.put({ ...recentAt(1), asked: ['other'] });
  assert.equal(records.lowestOffset, 1);
  records.put({ ...recentAt(1), offset: 99 });
  assert.equal(records.lowestOffset, 1);
});
