import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadConfig } from '../../../src/config/load.ts';
import { Correlator } from '../../../src/correlate/correlator.ts';
import { Detector } from '../../../src/detect/detector.ts';
import { findFiles, readFile } from '../../../src/receive/files/read.ts';
import type { Alert, LetThrough } from '../../../src/record/alert.ts';
import { loadRules } from '../../../src/rules/load.ts';

const root = join(import.meta.dirname, '../../..');

/** Recordings of a real kube-apiserver that come with the project, and all of them where a checkout has them beside it. */
export const FIXTURES = join(root, 'test/fixtures/recordings');
export const SHARED = join(root, '../shared/recordings');

export const EXPECTED_FILE = join(root, 'test/recordings.expected.json');

/** One alert, as far as the table knows it. */
export interface Row {
  readonly level: string;
  readonly detection_id?: string;
  readonly rule: string;
  readonly outcome: string;
  readonly user?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly count: number;
  /** Its blast radius: namespace, resource and name of what was let through. */
  readonly let_through?: readonly string[];
  readonly perhaps_let_through?: readonly string[];
}

export type Table = Record<string, Row[]>;

export function expectedTable(): Table {
  return existsSync(EXPECTED_FILE) ? JSON.parse(readFileSync(EXPECTED_FILE, 'utf8')) : {};
}

/** `02a-relabel-kubectl-label` for that recording, plain or compressed. */
export function recordingName(path: string): string {
  return basename(path).replace(/\.ndjson(\.gz)?$/, '');
}

/** Recordings in a folder, not those below it. */
export async function recordingsIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const files = await findFiles([folder]);
  return files.map(({ path }) => path).filter((path) => join(folder, basename(path)) === path);
}

/** After the last event of every recording, so that none of their times is disbelieved. */
export const RECEIVED_MS = Date.UTC(2026, 10, 22, 20);

const config = loadConfig({ env: {} });

export const shippedRules = await loadRules(config.detect);

export const RECEIVE_LIMITS = config.receive;

export function newDetector(): Detector {
  return new Detector(shippedRules, { ...config.detect, ...config.receive, ...config.correlate });
}

/** The alerts that `gatewatch replay` gives for files one after another, in the order of the table. */
export async function alertsOf(...paths: readonly string[]): Promise<Row[]> {
  const detector = newDetector();
  const limits = { ...config.correlate, lateness_seconds: Number.MAX_SAFE_INTEGER };
  const correlator = new Correlator(
    shippedRules.behaviours(config.correlate.suppress_seconds),
    limits,
    (limit) => {
      throw new Error(`${limit} reached`);
    },
  );
  let offset = 0;
  const origin = { cluster: 'replay', receivedMs: RECEIVED_MS };
  for (const path of paths) {
    for await (const { records, rejected } of readFile(path, origin, config.receive)) {
      if (rejected[0]) throw new Error(`${rejected[0].where}: ${rejected[0].what}`);
      for (const record of records) {
        for (const signal of detector.detect(record).signals) correlator.add(signal, offset++);
      }
    }
  }
  return correlator
    .take()
    .map(({ alert }) => alert)
    .sort((a, b) => b.event.severity - a.event.severity || compare(textOf(a), textOf(b)))
    .map(rowOf);
}

function rowOf({ rule, user, orchestrator, gatewatch }: Alert): Row {
  return {
    level: gatewatch.level,
    ...(gatewatch.detection_id ? { detection_id: gatewatch.detection_id } : {}),
    rule: rule.name,
    outcome: gatewatch.outcome,
    ...(user ? { user: user.name } : {}),
    ...(orchestrator.namespace ? { namespace: orchestrator.namespace } : {}),
    ...(orchestrator.resource?.name ? { name: orchestrator.resource.name } : {}),
    count: gatewatch.count,
    ...(gatewatch.blast_radius
      ? {
          let_through: gatewatch.blast_radius.map(pathOf),
        }
      : {}),
    ...(gatewatch.blast_radius_uncertain
      ? { perhaps_let_through: gatewatch.blast_radius_uncertain.map(pathOf) }
      : {}),
  };
}

function pathOf({ namespace, resource, name }: LetThrough): string {
  return [namespace, resource, name].join('/');
}

function textOf(alert: Alert): string {
  const { let_through, perhaps_let_through, ...row } = rowOf(alert);
  return JSON.stringify(Object.values(row));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
