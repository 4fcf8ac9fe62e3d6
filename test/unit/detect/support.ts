import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decode } from '../../../src/detect/decode/decode.ts';
import type { Request } from '../../../src/detect/decode/request.ts';
import type { Past } from '../../../src/detect/view.ts';
import { parseEvent } from '../../../src/receive/audit-events.ts';
import type { Parsed } from '../../../src/receive/parsed.ts';
import { type ReceivedRecord, recordId } from '../../../src/record/record.ts';
import { compileRules } from '../../../src/rules/load.ts';

export const RECEIVED_MS = Date.UTC(2026, 10, 22, 14);

const LIMITS = { batch_items_max: 20_000, item_bytes_max: 8_388_608, json_depth_max: 200 };

/** Limits of a detector that no test reaches by chance. */
export const DETECT_LIMITS = {
  namespaces_max: 100,
  objects_bytes_max: 1_000_000,
  object_bytes_max: 65_536,
  recent_bytes_max: 10_000_000,
  lateness_seconds: 300,
  facts_text_chars_max: 64,
  event_time_ahead_seconds_max: 300,
};

/** Matches every write of a pod or workload. */
export const podWrites = () =>
  compileRules({
    lists: new Map(),
    files: [
      {
        name: 'pods.yml',
        text: `
title: A pod is written
id: pods
logsource: {product: kubernetes, service: audit}
detection: {pod: {gatewatch.pod|exists: true}, condition: pod}
`,
      },
    ],
  });

/** What the receiver makes of one event. */
export function received(event: object | string | Buffer, receivedMs = RECEIVED_MS): Parsed {
  const text = Buffer.isBuffer(event) || typeof event === 'string' ? event : JSON.stringify(event);
  return parseEvent(Buffer.from(text), { cluster: 'c', receivedMs }, LIMITS, 'event');
}

/** A record of one event, cut as the receiver cuts it. */
export function recordOf(event: object | string | Buffer, receivedMs = RECEIVED_MS): ReceivedRecord {
  return received(event, receivedMs).records[0]!;
}

export function reviewRecord(request: object, receivedMs = RECEIVED_MS): ReceivedRecord {
  const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request };
  const bytes = Buffer.from(JSON.stringify(review));
  const id = recordId('c', bytes);
  return {
    kind: 'admission.review',
    cluster: 'c',
    key: 'c/',
    id,
    receivedMs,
    bytes,
    bodies: [],
    redacted: [],
  };
}

export function decoded(record: ReceivedRecord): Request {
  return decode(record, (record.receivedMs + 300_000) * 1000);
}

/** A pod's creation by alice at 13:00, with whatever is given in place of its fields. */
export function eventWith(fields: object = {}): Record<string, unknown> {
  return {
    level: 'RequestResponse',
    auditID: 'a1',
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/dev/pods?fieldManager=kubectl',
    verb: 'create',
    user: { username: 'alice', groups: ['devs', 'system:authenticated'] },
    sourceIPs: ['10.0.0.7'],
    userAgent: 'kubectl/v1.37.2 (linux/amd64)',
    objectRef: { resource: 'pods', namespace: 'dev', name: 'p', apiVersion: 'v1' },
    responseStatus: { code: 201 },
    requestReceivedTimestamp: '2026-11-22T13:00:00.000001Z',
    stageTimestamp: '2026-11-22T13:00:00.000002Z',
    annotations: { 'authorization.k8s.io/decision': 'allow' },
    ...fields,
  };
}

const root = join(import.meta.dirname, '../../..');

/** The lines of the bundled recording, and of the larger ones where a checkout has them beside it. */
export function recordedLines(name = '*'): string[] {
  const files = [join(root, 'src/cli/demo/recording.ndjson.gz')];
  const shared = join(root, '../shared/recordings');
  if (existsSync(shared)) {
    files.push(
      ...globSync(`${shared}/${name}.ndjson{,.gz}`)
        .filter((file) => !/benign/.test(file))
        .sort(),
    );
  }
  return files.flatMap((file) => {
    const bytes = readFileSync(file);
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    return text.split('\n').filter((line) => line !== '');
  });
}

/** Nothing is known of what was before. */
export const NO_PAST: Past = {
  namespace: {},
  wasLabelled: () => false,
  object: () => undefined,
  versions: () => [],
  paths: [],
  runBy: () => [],
};

/** Every JSON type, and what has misled code before. Parsed, since `__proto__` is an own key only then. */
export const WRONG: readonly unknown[] = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '0.5',
  '1e400',
  '""',
  '"constructor"',
  '"__proto__"',
  '"\\ud800\\u0000\\u202e"',
  '[]',
  '[null]',
  '["x"]',
  '[[["x"]]]',
  '[{}]',
  '{}',
  '{"length":3}',
  '{"__proto__":{"name":"x"}}',
  '{"constructor":1,"toString":2,"hasOwnProperty":3,"valueOf":4,"toJSON":5}',
].map((text) => JSON.parse(text));

/** Every place of a value: the container and the key. */
export function* placesOf(value: unknown): Iterable<[parent: Record<string, unknown>, key: string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    yield [value as Record<string, unknown>, key];
    yield* placesOf((value as Record<string, unknown>)[key]);
  }
}

/** Puts each of these in the place of each field of a value, one after the other, and in the end leaves it as it was. */
export function* wrongTypesIn(value: unknown): Iterable<{ readonly key: string; readonly wrong: unknown }> {
  for (const [parent, key] of placesOf(value)) {
    const original = parent[key];
    for (const wrong of WRONG) {
      parent[key] = wrong;
      yield { key, wrong };
    }
    parent[key] = original;
  }
}
