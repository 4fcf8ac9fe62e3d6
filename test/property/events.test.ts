import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { loadConfig, parseSet } from '../../src/config/load.ts';
import { glanceAt } from '../../src/detect/decode/glance.ts';
import type { Detection } from '../../src/detect/detector.ts';
import { GatewatchError } from '../../src/errors.ts';
import { parseEvent } from '../../src/receive/audit-events.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import { placesOf, RECEIVED_MS, received, recordOf } from '../unit/detect/support.ts';
import { inTime } from './in-time.ts';
import { mutatedBytes, mutatedTexts } from './mutations.ts';
import { recordedKinds } from './recorded.ts';
import { RUNS } from './runs.ts';
import { detected, newDetector } from './shipped.ts';

const lines = recordedKinds();

/** What is detected, or the code of the error that sends a record to dead letters. */
function outcomeOf(detect: (record: ReceivedRecord) => Detection, record: ReceivedRecord) {
  try {
    const { signals, learnt } = detect(record);
    for (const { facts, evidence } of signals)
      for (const fact of [...Object.values(facts), ...Object.values(evidence)].flat())
        assert.ok(
          typeof fact === 'number' || (typeof fact === 'string' && fact !== '' && fact.length < 3000),
        );
    return { signals, learnt };
  } catch (error) {
    assert.ok(error instanceof GatewatchError && error.code.startsWith('ITEM_'), (error as Error).stack);
    return error.code;
  }
}

/** The deepest nesting that `receive.json_depth_max` may be set to, and how deep a recorded event is already at most. */
const [DEPTH_MAX, RECORDED_DEPTH] = [1_000, 20];

test('events nested as deep as can be allowed are judged, wherever it is', () => {
  const configured = (depth: number) =>
    loadConfig({ env: {}, overrides: [parseSet(`receive.json_depth_max=${depth}`)] }).receive;
  assert.throws(() => configured(DEPTH_MAX + 1));
  const origin = { cluster: 'c', receivedMs: RECEIVED_MS };
  const detector = newDetector();
  const levels = DEPTH_MAX - RECORDED_DEPTH;
  const deep = `${'{"spec":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const place = fc.tuple(fc.constantFrom(...lines), fc.nat());
  fc.assert(
    fc.property(place, ([line, which]) => {
      const event = JSON.parse(line);
      const places = [...placesOf(event)];
      const [parent, key] = places[which % places.length]!;
      parent[key] = 'DEEP';
      const text = Buffer.from(JSON.stringify(event).replace('"DEEP"', deep));
      const { records, rejected } = parseEvent(text, origin, configured(DEPTH_MAX), 'event');
      assert.deepEqual(rejected, []);
      outcomeOf((one) => detector.detect(one), records[0]!);
    }),
    { numRuns: RUNS / 50 },
  );
});

suite('events with anything done to them', () => {
  test('are judged by all rules or refused with a code, in time, and leave nothing behind', () => {
    const detector = newDetector();
    let judged = 0;
    fc.assert(
      fc.property(mutatedBytes(lines), (event) => {
        const { records, rejected } = inTime(() => received(event));
        assert.ok(records.length + rejected.length <= 1);
        for (const { code } of rejected) assert.match(code, /^ITEM_/);
        for (const record of records) {
          const outcome = inTime(() => outcomeOf((one) => detector.detect(one), record));
          if (typeof outcome !== 'string') judged++;
        }
        assert.deepEqual(Reflect.ownKeys(Object.prototype), OBJECT_KEYS);
      }),
      { numRuns: RUNS },
    );
    assert.ok(judged > RUNS / 4, `${judged} of ${RUNS} were still events`);
  });

  test('say the same in any order of their fields, glanced at or parsed whole', () => {
    let glanced = 0;
    fc.assert(
      fc.property(mutatedTexts(lines), fc.nat(), (text, by) => {
        const record = recordOf(text);
        if (record === undefined) return;
        const entries = Object.entries(JSON.parse(text));
        const at = by % entries.length;
        // Not the API server's order whatever the rotation: that has no such field.
        const turned = Object.fromEntries([['order', at], ...entries.slice(at), ...entries.slice(0, at)]);
        const other = { ...recordOf(turned), id: record.id };
        assert.equal(glanceAt(other), undefined);
        if (glanceAt(record)) glanced++;
        assert.deepEqual(outcomeOf(detected, record), outcomeOf(detected, other));
        assert.equal(record.key, other.key);
      }),
      { numRuns: RUNS },
    );
    assert.ok(glanced > RUNS / 4, `${glanced} of ${RUNS} were glanced at`);
  });
});

const OBJECT_KEYS = Reflect.ownKeys(Object.prototype);
