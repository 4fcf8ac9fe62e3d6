import { basename } from 'node:path';
import { type Detection, type DetectLimits, Detector } from '../../src/detect/detector.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import { compileRules, readRules, shippedRules } from '../../src/rules/load.ts';

const { files, lists } = await readRules({ rules: [shippedRules()] });

/** Lists that are shipped empty hold an address here, so that the rules that read them are no dead ones. */
const LISTS = new Map([...lists].map(([name, values]) => [name, values.length > 0 ? values : ['192.0.2.1']]));

/** The rules that are shipped. */
export const shipped = compileRules({ files, lists: LISTS });

const LIMITS: DetectLimits = {
  namespaces_max: 100,
  objects_bytes_max: 10_000_000,
  object_bytes_max: 65_536,
  recent_bytes_max: 10_000_000,
  lateness_seconds: 300,
  facts_text_chars_max: 2048,
  event_time_ahead_seconds_max: 300,
};

/** A detector of all shipped rules that has seen nothing yet. */
export function newDetector(): Detector {
  return new Detector(shipped, LIMITS);
}

const names = new Map(shipped.set.rules.map(({ id, file }) => [id, basename(file, '.yml')]));

/** Names of the files of the rules that match, in order and each once. */
export function rulesOf({ signals }: Pick<Detection, 'signals'>): string[] {
  return [...new Set(signals.map(({ rule }) => names.get(rule)!))].sort();
}

/** What a detector that has seen nothing says of one record. */
export function detected(record: ReceivedRecord): Detection {
  return newDetector().detect(record);
}

const DETECTION = /^gatewatch\.([a-z]+\d+)$/;
const ids = new Map(
  shipped.set.rules.map(({ id, tags }) => [id, tags.flatMap((tag) => DETECTION.exec(tag)?.[1] ?? [])]),
);

/** Ids of what is detected (rules/detections.json). */
export function detectionsOf({ signals }: Pick<Detection, 'signals'>): ReadonlySet<string> {
  return new Set(signals.flatMap(({ rule }) => ids.get(rule)!));
}
