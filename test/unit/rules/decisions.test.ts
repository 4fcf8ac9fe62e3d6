import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { EngineDecision } from '../../../src/detect/decode/decision/engine-decision.ts';
import type { Request } from '../../../src/detect/decode/request.ts';
import { findFiles, readFile } from '../../../src/receive/files/read.ts';
import type { ReceivedRecord } from '../../../src/record/record.ts';
import { FIXTURES } from '../receive/decisions/support.ts';
import { newDetector, RECEIVE_LIMITS, RECEIVED_MS, SHARED, shippedRules } from './recordings.ts';

const ALL = join(SHARED, 'decisions');
const skip = existsSync(ALL) ? false : 'only the fixtures are on this machine';

const origin = { cluster: 'c', receivedMs: RECEIVED_MS };

/** Rules that are about decisions. */
const reading = new Set(
  shippedRules.set.rules
    .filter(({ items }) => items.some(({ field }) => field.startsWith('gatewatch.decision.')))
    .map(({ id }) => id),
);

/** The decisions in files. Every shipped rule is held against each; none that is about something else may match, and nothing may be learnt. */
async function decisionsIn(...paths: readonly string[]): Promise<Request[]> {
  const detector = newDetector();
  const found = new Map<string, Request>();
  for (const { path } of await findFiles(paths)) {
    for await (const { records, rejected } of readFile(path, origin, RECEIVE_LIMITS)) {
      assert.deepEqual(rejected, [], path);
      for (const record of records.filter(({ kind }) => kind.endsWith('.decision'))) {
        const { signals, learnt, view } = detector.detect(record);
        assert.deepEqual(
          signals.map(({ rule }) => rule).filter((rule) => !reading.has(rule)),
          [],
          record.bytes.toString().slice(0, 500),
        );
        assert.deepEqual(learnt, []);
        assert.equal(view.outcome, 'pending');
        found.set(record.id, view.request);
      }
    }
  }
  return [...found.values()];
}

function countsOf(requests: readonly Request[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { engineDecision } of requests) {
    const { engine, verdict, enforced } = engineDecision!;
    const key = `${engine} ${verdict}${enforced === false ? ', not enforced' : ''}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** What one request came to, worked out from the audit events and the engines' own words when they were recorded. */
interface Truth {
  readonly user: string;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly objectUid: string | null;
  readonly opa?: readonly { readonly uid: string; readonly allowed: boolean }[];
  readonly gatekeeperLogLines?: readonly number[];
  readonly gatekeeperConstraints?: readonly string[];
  readonly kyvernoEvents?: readonly string[];
  readonly kyvernoLogUids?: readonly string[];
  readonly kyvernoLog?: readonly string[];
}

const truths = (): Truth[] =>
  readFileSync(join(ALL, 'groundtruth.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** The only one of a list. */
function one<Element>(list: readonly Element[], what: string): Element {
  assert.equal(list.length, 1, what);
  return list[0]!;
}

test('no rule about anything else matches what an engine says, and nothing is learnt from it', async () => {
  assert.deepEqual(countsOf(await decisionsIn(FIXTURES)), {
    'opa allow': 2,
    'opa deny': 2,
    'gatekeeper deny': 5,
    'gatekeeper deny, not enforced': 4,
    'kyverno allow': 4,
    'kyverno deny': 4,
    'kyverno deny, not enforced': 3,
    'kubewarden allow': 1,
    'kubewarden deny': 1,
    'kubewarden deny, not enforced': 1,
  });
});

test('nor of all that was recorded', { skip }, async () => {
  const counts = countsOf(
    await decisionsIn(
      join(ALL, 'opa.decision-logs.ndjson.gz'),
      join(ALL, 'opa-uploads'),
      join(ALL, 'gatekeeper.log.ndjson.gz'),
      join(ALL, 'gatekeeper.events.json.gz'),
      join(ALL, 'gatekeeper.export'),
      join(ALL, 'kyverno.log.gz'),
      join(ALL, 'kyverno.events-v1.json.gz'),
      join(ALL, 'other.events.json.gz'),
    ),
  );
  // Uploads that were sent again are the same decisions.
  assert.deepEqual(counts, {
    'opa allow': 137,
    'opa deny': 52,
    'gatekeeper deny': 89,
    'gatekeeper deny, not enforced': 8,
    'kyverno allow': 74,
    'kyverno deny': 98,
    'kyverno deny, not enforced': 90,
  });
});

test('OPA: each decision is what the request was answered', { skip }, async () => {
  const byUid = new Map<string | undefined, Request[]>();
  for (const request of await decisionsIn(join(ALL, 'opa.decision-logs.ndjson.gz'))) {
    const { uid } = request.engineDecision!;
    byUid.set(uid, [...(byUid.get(uid) ?? []), request]);
  }
  let checked = 0;
  for (const { opa = [], user, namespace, objectUid } of truths()) {
    for (const { uid, allowed } of opa) {
      const { engineDecision, caller, ref } = one(byUid.get(uid) ?? [], uid);
      assert.equal(engineDecision!.verdict, allowed ? 'allow' : 'deny');
      assert.equal(engineDecision!.object_uid, objectUid);
      assert.deepEqual([caller.name, ref.namespace], [user, namespace ?? '']);
      checked++;
    }
  }
  assert.equal(checked, 55);
});

test('Gatekeeper: each denied request is there, by whom, of what, and whether it was enforced', {
  skip,
}, async () => {
  const requests = await decisionsIn(join(ALL, 'gatekeeper.log.ndjson.gz'));
  let checked = 0;
  for (const { gatekeeperConstraints = [], user, namespace, name } of truths()) {
    for (const constraint of gatekeeperConstraints) {
      const [, policy, action] = /^(.+)\((\w+)\)$/.exec(constraint)!;
      const fits = requests.filter(
        ({ caller, ref, engineDecision: decision }) =>
          caller.name === user &&
          ref.namespace === namespace &&
          (name === null || ref.name === name) &&
          decision!.policy?.[0] === policy &&
          decision!.enforced === (action === 'deny' || action === 'scoped'),
      );
      assert.ok(fits.length > 0, `${user} ${namespace}/${name} ${constraint}`);
      checked++;
    }
  }
  assert.ok(checked >= 20, `${checked}`);
});

/** Namespace and name of an Event. */
function nameOf({ bytes }: ReceivedRecord): string {
  const { namespace, name } = JSON.parse(bytes.toString()).metadata;
  return `${namespace}/${name}`;
}

/** What an Event of Kyverno says, in the words of the ground truth. */
function wordsOf({ verdict, enforced, message }: EngineDecision): string {
  if (verdict === 'allow') {
    return /skipped/.test(message!) ? 'PolicySkipped/Resource Passed' : 'PolicyApplied/Resource Passed';
  }
  return `PolicyViolation/Resource ${enforced ? 'Blocked' : 'Passed'}`;
}

test('Kyverno: each request has the decisions of its Events, by the uid of its object, and of its log, by the call', {
  skip,
}, async () => {
  const events = await decisionsIn(join(ALL, 'kyverno.events-v1.json.gz'));
  const lines = await decisionsIn(join(ALL, 'kyverno.log.gz'));
  let [ofEvents, ofLines] = [0, 0];
  for (const { kyvernoEvents = [], kyvernoLog = [], kyvernoLogUids = [], objectUid, user } of truths()) {
    if (kyvernoEvents.length > 0) {
      const fits = events.filter(({ record }) =>
        kyvernoEvents.some((each) => each.startsWith(`${nameOf(record)} `)),
      );
      assert.deepEqual(
        fits.map(({ engineDecision }) => wordsOf(engineDecision!)).sort(),
        kyvernoEvents.map((event) => event.slice(event.indexOf(' ') + 1)).sort(),
      );
      for (const { engineDecision } of fits) assert.equal(engineDecision!.object_uid, objectUid);
      ofEvents += fits.length;
    }
    const blocked = lines.filter(({ engineDecision }) => kyvernoLogUids.includes(engineDecision!.uid!));
    assert.equal(blocked.length, kyvernoLog.filter((line) => line.startsWith('blocking')).length, objectUid!);
    for (const { caller } of blocked) assert.equal(caller.name, user);
    ofLines += blocked.length;
  }
  assert.equal(ofEvents, 86);
  assert.ok(ofLines > 0);
});
