/**
 * `node test/unit/rules/recordings.update.ts` writes test/recordings.expected.json anew: the alerts that the shipped rules give
 * for each recording. Run it after a deliberate change of a rule or of the detectors, and read the difference before it is
 * committed: every line of it is an alert that somebody will get, or will no longer get. Recordings that are not on this
 * machine keep the lines they have.
 */
import { writeFileSync } from 'node:fs';
import {
  alertsOf,
  EXPECTED_FILE,
  expectedTable,
  FIXTURES,
  recordingName,
  recordingsIn,
  SHARED,
  type Table,
} from './recordings.ts';

const table = expectedTable();
for (const path of [...(await recordingsIn(SHARED)), ...(await recordingsIn(FIXTURES))]) {
  table[recordingName(path)] = await alertsOf(path);
}
const sorted: Table = Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(EXPECTED_FILE, `${JSON.stringify(sorted, null, 2)}\n`);
