import { loadConfig } from '../../src/config/load.ts';
import { Detector, type DetectorRules } from '../../src/detect/detector.ts';
import { parseEvent } from '../../src/receive/audit-events.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import { loadRules } from '../../src/rules/load.ts';
import { type Benchmark, bestOf, type Measurement, rates } from './measure.ts';
import { daysLater, recordedLines } from './recording.ts';
import { rulesOf } from './rules.ts';

const config = loadConfig({ env: {} });

/** So much code takes its time until the engine has compiled what is run most. */
const ROUNDS = 60;

const DAY_MS = 86_400_000;

interface Day {
  readonly records: readonly ReceivedRecord[];
  readonly texts: readonly string[];
}

/**
 * The detect stage with all shipped rules, decoding, matching, learning, signals, beside JSON.parse of the same lines: as they come from the log, in bytes,
 * and as text that somebody has decoded already. In each round of another day, and in each the same: what was seen before is recognized, and teaches nothing.
 */
export const detect: Benchmark = {
  name: 'detect',
  async run() {
    const { days, source } = recorded();
    const rules = await loadRules(config.detect);
    const first = dayOf(days(0));
    return [
      ...(await besideParsing(rules, (round) => dayOf(days(round)), `${source}, another day in each round`)),
      ...(await besideParsing(rules, () => first, `${source}, the same in each round`)),
    ];
  },
};

async function besideParsing(
  rules: Awaited<ReturnType<typeof loadRules>>,
  day: (round: number) => Day,
  source: string,
): Promise<Measurement[]> {
  const detector = detectorWith(rules);
  let signals = 0;
  const { run, ofBytes, ofText } = await bestOf(
    {
      ofBytes({ records }: Day) {
        for (const { bytes } of records) JSON.parse(bytes.toString());
      },
      run({ records }: Day) {
        signals = 0;
        for (const record of records) signals += detector.detect(record).signals.length;
      },
      ofText({ texts }: Day) {
        for (const text of texts) JSON.parse(text);
      },
    },
    ROUNDS,
    day,
  );
  const note = `${source}, ${rules.set.rules.length} rules, ${signals} signals`;
  const { records } = day(0);
  const bytes = bytesOf(records);
  return [
    ...rates(records.length, bytes, { run, baseline: ofBytes }, 'JSON.parse', note),
    ...rates(records.length, bytes, { run, baseline: ofText }, 'JSON.parse of text', note).slice(0, 1),
  ];
}

function dayOf(records: readonly ReceivedRecord[]): Day {
  return { records, texts: records.map(({ bytes }) => bytes.toString()) };
}

/** The same with more and more rules, beside the fewest. */
export const detectRules: Benchmark = {
  name: 'detect.rules',
  async run() {
    const { days, source } = recorded();
    const sets = await Promise.all([16, 150, 1500].map(rulesOf));
    const runs = sets.map((rules) => {
      const detector = detectorWith(rules);
      const run = (records: readonly ReceivedRecord[]) => {
        for (const record of records) detector.detect(record);
      };
      return [rules.count, run] as const;
    });
    const seconds = await bestOf(Object.fromEntries(runs), ROUNDS / 2, days);
    const [few, ...more] = sets;
    const records = days(0);
    return more.flatMap(({ count }) => {
      const times = { run: seconds[count]!, baseline: seconds[few!.count]! };
      const note = `${source}, ${count} rules beside ${few!.count}`;
      return rates(records.length, bytesOf(records), times, `${few!.count} rules`, note).slice(0, 1);
    });
  },
};

function detectorWith(rules: DetectorRules): Detector {
  return new Detector(rules, { ...config.receive, ...config.detect, ...config.correlate });
}

/** The records of the recording, as they would be on each of the days after it. */
function recorded(): { days: (day: number) => readonly ReceivedRecord[]; source: string } {
  const { lines, source } = recordedLines();
  const start = Date.now();
  const days = (day: number) => {
    const origin = { cluster: 'bench', receivedMs: start + day * DAY_MS };
    return daysLater(lines, day).flatMap(
      (line) => parseEvent(Buffer.from(line), origin, config.receive, 'line').records,
    );
  };
  return { days, source };
}

function bytesOf(records: readonly ReceivedRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
