/** Holds so many correlation groups open, and prints what that costs as JSON: `Measured` of correlate.ts. Needs --expose-gc. */
import { loadConfig } from '../../src/config/load.ts';
import { Correlator } from '../../src/correlate/correlator.ts';
import { Detector } from '../../src/detect/detector.ts';
import { signalFromEntry, signalToEntry } from '../../src/log/codec.ts';
import type { LogEntry } from '../../src/log/port.ts';
import { parseEvent } from '../../src/receive/audit-events.ts';
import type { Signal } from '../../src/record/signal.ts';
import { loadRules } from '../../src/rules/load.ts';
import type { Measured } from './correlate.ts';
import { attackedLines } from './recording.ts';

/** Signals that the stage takes in at a time. */
const BATCH = 500;

/** Signals of open groups that are taken in to measure the rate. */
const FURTHER = 50_000;

/** Microseconds between signals: a million of them lie within the shortest window. */
const STEP = 10;

const wanted = Number(process.argv[2]);
const config = loadConfig({ env: {} });
const rules = await loadRules(config.detect);
const plan = rules.behaviours(config.correlate.suppress_seconds);
const templates = recordedSignals();
const correlator = new Correlator(plan, { ...config.correlate, groups_max: wanted + 1 }, () => {});
let offset = 0;

const empty = heapBytes();
const restored = taken(wanted);
const full = heapBytes();
const further = taken(FURTHER);
const measured: Measured = {
  groups: correlator.groups,
  restored: restored.rate,
  further: further.rate,
  heapBytes: full - empty,
  logBytes: restored.bytes,
};
console.log(JSON.stringify(measured));

/** Takes in so many signals as the stage does, those of one group after those of all others. */
function taken(count: number) {
  let [seconds, parsed, bytes] = [0, 0, 0];
  for (const end = offset + count; offset < end; ) {
    const entries = Array.from({ length: Math.min(BATCH, end - offset) }, (_, index) =>
      entryAt(offset + index),
    );
    parsed += timed(() => {
      for (const { value } of entries) JSON.parse(value.toString());
    });
    seconds += timed(() => {
      for (const entry of entries) correlator.add(signalFromEntry(entry), offset++);
      correlator.take();
      correlator.learnt();
    });
    for (const { value } of entries) bytes += value.length;
  }
  return { rate: { signals: Math.round(count / seconds), parsed: Math.round(count / parsed) }, bytes };
}

function timed(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

function heapBytes(): number {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

/** A recorded signal, of another request and of one of the groups. */
function entryAt(position: number): LogEntry {
  const group = position % wanted;
  const template = templates[group % templates.length]!;
  const time = templates[0]!.time! + position * STEP;
  const { evidence } = template;
  return signalToEntry({
    ...template,
    id: `${template.id}-${position}`,
    group: template.group.map((value) => `${value}-${group}`),
    time,
    began: time,
    evidence: { ...evidence, record_id: `${evidence.record_id}-${position}` },
  });
}

/** Signals of the recordings that groups are made of; habits are remembered in another way. */
function recordedSignals(): readonly Signal[] {
  const detector = new Detector(rules, { ...config.receive, ...config.detect, ...config.correlate });
  const origin = { cluster: 'bench', receivedMs: Date.now() };
  return attackedLines()
    .lines.flatMap((line) => parseEvent(Buffer.from(line), origin, config.receive, 'line').records)
    .flatMap((record) => detector.detect(record).signals)
    .filter(({ time, spans_groups, group }) => time !== undefined && !spans_groups && group.length > 0);
}
