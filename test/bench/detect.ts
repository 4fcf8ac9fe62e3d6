import { loadConfig } from '../../src/config/load.ts';
import { Detector, type DetectorRules } from '../../src/detect/detector.ts';
import { parseEvent } from '../../src/receive/audit-events.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import { loadRules } from '../../src/rules/load.ts';
import { type Benchmark, race, rates } from './measure.ts';
import { recordedLines } from './recording.ts';
import { rulesOf } from './rules.ts';

const config = loadConfig({ env: {} });

/** So much code takes its time until the engine has compiled what is run most. */
const ROUNDS = 60;

/**
 * The detect stage with all shipped rules, decoding, matching, signals, beside JSON.parse of the same lines: as they come from the log, in bytes, and
 * as text that somebody has decoded already.
 */
export const detect: Benchmark = {
  name: 'detect',
  async run() {
    const { records, source } = recorded();
    const rules = await loadRules(config.detect);
    const detector = detectorWith(rules);
    let signals = 0;
    const run = () => {
      signals = 0;
      for (const record of records) signals += detector.detect(record).signals.length;
    };
    const ofBytes = await race(
      run,
      () => {
        for (const { bytes } of records) JSON.parse(bytes.toString());
      },
      ROUNDS,
    );
    const texts = records.map(({ bytes }) => bytes.toString());
    const ofText = await race(
      run,
      () => {
        for (const text of texts) JSON.parse(text);
      },
      ROUNDS,
    );
    const note = `${source}, ${rules.set.rules.length} rules, ${signals} signals`;
    const bytes = bytesOf(records);
    return [
      ...rates(records.length, bytes, ofBytes, 'JSON.parse', note),
      ...rates(records.length, bytes, ofText, 'JSON.parse of text', note).slice(0, 1),
    ];
  },
};

/** The same with more and more rules, beside the fewest. */
export const detectRules: Benchmark = {
  name: 'detect.rules',
  async run() {
    const { records, source } = recorded();
    const [few, ...more] = await Promise.all([16, 150, 1500].map(rulesOf));
    const pass = (rules: DetectorRules) => {
      const detector = detectorWith(rules);
      return () => {
        for (const record of records) detector.detect(record);
      };
    };
    const measured = [];
    for (const rules of more) {
      const seconds = await race(pass(rules), pass(few!));
      const note = `${source}, ${rules.count} rules beside ${few!.count}`;
      measured.push(
        ...rates(records.length, bytesOf(records), seconds, `${few!.count} rules`, note).slice(0, 1),
      );
    }
    return measured;
  },
};

function detectorWith(rules: DetectorRules): Detector {
  return new Detector(rules, { ...config.receive, ...config.detect, ...config.correlate });
}

function recorded(): { records: readonly ReceivedRecord[]; source: string } {
  const { lines, source } = recordedLines();
  const origin = { cluster: 'bench', receivedMs: Date.now() };
  const records = lines.flatMap(
    (line) => parseEvent(Buffer.from(line), origin, config.receive, 'line').records,
  );
  return { records, source };
}

function bytesOf(records: readonly ReceivedRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
