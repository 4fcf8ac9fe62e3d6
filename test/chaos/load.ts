import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { recordId } from '../../src/record/record.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What a real API server posted, if the recordings lie beside the project. */
const RAW = join(ROOT, '..', 'shared', 'recordings', 'raw');
const FIXTURE = join(ROOT, 'src', 'cli', 'demo', 'recording.ndjson.gz');

/** Events in a batch cut from the fixture. */
const BATCH_EVENTS = 5;

/** Request bodies in the order in which an API server sent them. */
export interface Load {
  readonly name: string;
  readonly bodies: readonly Buffer[];
}

/** The recorded batches as they were sent; without recordings the demonstration's events, cut into batches. */
export function recordedLoad(): Load {
  return existsSync(RAW) ? recordings() : fixture();
}

function recordings(): Load {
  const files = globSync('*.batches.ndjson.gz', { cwd: RAW });
  const batches = files.flatMap((file) =>
    lines(join(RAW, file)).map((line) => JSON.parse(line) as { receivedAt: string; body: string }),
  );
  batches.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  return { name: `${files.length} recordings`, bodies: batches.map(({ body }) => Buffer.from(body)) };
}

function fixture(): Load {
  const events = lines(FIXTURE);
  const bodies: Buffer[] = [];
  for (let at = 0; at < events.length; at += BATCH_EVENTS)
    bodies.push(eventList(events.slice(at, at + BATCH_EVENTS)));
  return { name: 'the demonstration', bodies };
}

/** The identities of the events of a batch: the hash of the bytes as they stand in it. */
export function idsOf(body: Buffer, cluster: string): string[] {
  return itemsOf(body).map((bytes) => recordId(cluster, bytes));
}

/** Kinds of objects of which is remembered what they were, and who wrote them. */
const REMEMBERED =
  /"objectRef":\{"resource":"(?:namespaces|pods|podtemplates|replicationcontrollers|deployments|replicasets|statefulsets|daemonsets|jobs|cronjobs|roles|clusterroles|rolebindings|clusterrolebindings|[a-z]*(?:webhookconfigurations|policies|policybindings|constraints))"/;

/**
 * Where the limit is: an alert about a change says what was there before, and one about a controller's pod who is behind it, which is known only
 * if the write before has arrived (test/property/same-alerts.test.ts). So batches that may tell such a thing keep their order, as those of one API server
 * mostly do; every other one, and every repetition, comes when it likes.
 */
export function teaches(body: Buffer): boolean {
  return REMEMBERED.test(body.toString('latin1'));
}

/** When the last event of a batch came to its stage, Unix milliseconds. */
export function timeOf(body: Buffer): number {
  const times = body.toString('latin1').matchAll(/"stageTimestamp":"([^"]+)"/g);
  return Math.max(...[...times].map(([, time]) => Date.parse(time!)));
}

/** An EventList of events that are JSON already, so that each keeps its bytes. */
export function eventList(events: readonly string[]): Buffer {
  return Buffer.from(
    `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${events.join(',')}]}\n`,
  );
}

/** The bytes of each item of an EventList, found in another way than the receiver finds them. */
export function itemsOf(body: Buffer): Buffer[] {
  const text = body.toString('latin1');
  const start = text.indexOf('"items":[') + '"items":['.length;
  const items: Buffer[] = [];
  let depth = 0;
  let from = start;
  for (const { 0: token, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === '{' && depth++ === 0) from = start + index;
    if (token === '}' && --depth === 0) items.push(body.subarray(from, start + index + 1));
    if (depth < 0) break;
  }
  return items;
}

function lines(file: string): string[] {
  return gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}
