import { loadConfig } from '../../src/config/load.ts';
import { Detector } from '../../src/detect/detector.ts';
import { signalToEntry } from '../../src/log/codec.ts';
import { parseEvent } from '../../src/receive/audit-events.ts';
import { loadRules } from '../../src/rules/load.ts';
import { type Benchmark, race, rates } from './measure.ts';
import { recordedLines } from './recording.ts';

/** The detect stage with all shipped rules: decoding, matching, signals, beside JSON.parse of the same lines. */
export const detect: Benchmark = {
  name: 'detect',
  async run() {
    const { lines, source } = recordedLines();
    const config = loadConfig({ env: {} });
    const rules = await loadRules(config.detect);
    const limits = {
      ...config.detect,
      event_time_ahead_seconds_max: config.receive.event_time_ahead_seconds_max,
    };
    const origin = { cluster: 'bench', receivedMs: Date.now() };
    const records = lines.flatMap(
      (line) => parseEvent(Buffer.from(line), origin, config.receive, 'line').records,
    );
    const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
    const detector = new Detector(rules.index, rules.targets, limits);
    let signals = 0;
    const seconds = await race(
      () => {
        for (const record of records) {
          for (const signal of detector.detect(record).signals) {
            signalToEntry(signal);
            signals++;
          }
        }
      },
      () => {
        for (const line of lines) JSON.parse(line);
      },
    );
    const count = rules.set.rules.length;
    return rates(
      records.length,
      bytes,
      seconds,
      'JSON.parse',
      `${source}, ${count} rules, ${signals} signals`,
    );
  },
};
