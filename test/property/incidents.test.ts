import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  type IncidentHousekeeping,
  IncidentKeeper,
  type IncidentLimits,
} from '../../src/correlate/incidents/keeper.ts';
import type { Alert } from '../../src/record/alert.ts';
import { formatEventTime } from '../../src/record/time.ts';
import { alertOf } from '../contract/alert-store-fixtures.ts';
import { NOON, SECOND } from '../unit/correlate/support.ts';

const PAUSE = 10;
const ALERTS_MAX = 6;
const LATENESS = 20;
const SPAN = 5;

const LIMITS: IncidentLimits = {
  incident_seconds: PAUSE,
  incident_alerts_max: ALERTS_MAX,
  lateness_seconds: LATENESS,
  lateness_review_seconds: LATENESS,
  incident_bytes_max: Number.MAX_SAFE_INTEGER,
};

/** One version of an alert. */
interface Version {
  readonly id: string;
  readonly version: number;
  readonly cluster: string;
  readonly actor: string;
  readonly kind: 'person' | 'withdrawn' | 'excepted' | 'informational' | 'controller' | 'undated';
  /** Seconds after noon. */
  readonly start: number;
  readonly lasts: number;
}

function alertFrom({ id, version, cluster, actor, kind, start, lasts }: Version): Alert {
  const at = (seconds: number) => formatEventTime(NOON + seconds * SECOND);
  const alert = alertOf({
    id,
    cluster,
    user: actor,
    severity: kind === 'informational' ? 'informational' : version % 2 === 0 ? 'high' : 'low',
    gatewatch: {
      version,
      ...(kind === 'withdrawn' ? { status: kind } : {}),
      ...(kind === 'controller' ? { actor: { kind, chain: [actor] } } : {}),
      ...(kind === 'excepted'
        ? { exception: { id: 'e', title: 'e', owner: 'o', reason: 'r', expires: at(0) } }
        : {}),
    },
  });
  const { start: _, end: __, ...event } = alert.event;
  const times = kind === 'undated' ? {} : { start: at(start), end: at(start + lasts) };
  return { ...alert, '@timestamp': at(start + lasts), event: { ...event, ...times } };
}

/** Which alerts are together, as the definition says it: of those that count, in order, each as close to what came before. */
function expected(versions: readonly Version[]): Map<string, string[] | undefined> {
  const latest = new Map<string, Version>();
  for (const each of versions)
    if (each.version >= (latest.get(each.id)?.version ?? 0)) latest.set(each.id, each);
  const together = new Map<string, string[] | undefined>();
  for (const { id } of latest.values()) together.set(id, undefined);
  const counting = [...latest.values()].filter(({ kind }) => kind === 'person');
  for (const ofActor of Map.groupBy(counting, ({ cluster, actor }) => `${cluster} ${actor}`).values()) {
    ofActor.sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
    let members: string[] = [];
    for (const [index, { id, start }] of ofActor.entries()) {
      const ends = ofActor.slice(0, index).map((before) => before.start + before.lasts);
      const isNear = ends.some((end) => start <= end + PAUSE);
      if (!isNear || members.length === ALERTS_MAX) members = [];
      members.push(id);
      together.set(id, members);
    }
  }
  for (const [id, members] of together) if (members?.length === 1) together.set(id, undefined);
  return together;
}

/** What a store keeps, see `AlertStore.put`. */
function keep(store: Map<string, Alert>, alerts: readonly Alert[]): void {
  for (const alert of alerts) {
    const { version, incident_version = 0 } = alert.gatewatch;
    const known = store.get(alert.event.id)?.gatewatch;
    const isOlder =
      known &&
      (known.version > version ||
        (known.version === version && (known.incident_version ?? 0) > incident_version));
    if (!isOlder) store.set(alert.event.id, alert);
  }
}

/** The same, read from what is stored; all that alerts say of one incident must be the same. */
function stored(store: ReadonlyMap<string, Alert>): Map<string, string[] | undefined> {
  const byIncident = Map.groupBy(store.values(), ({ gatewatch }) => gatewatch.incident?.id);
  const found = new Map<string, string[] | undefined>();
  for (const [id, alerts] of byIncident) {
    const [first] = alerts;
    for (const alert of alerts) {
      assert.deepEqual(alert.gatewatch.incident, first!.gatewatch.incident);
      const members = alert.gatewatch.incident?.members.map((member) => member.id);
      if (id !== undefined) assert.equal(members?.length, alerts.length);
      found.set(alert.event.id, members);
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Run {
  readonly log: readonly Version[];
  readonly batches: readonly number[];
  readonly crashes: readonly boolean[];
}

/** Runs a log through the keeper as the stage does: a crash comes after a batch was stored and before it was committed, and a slow process stores what it had in hand long after. */
function runWithCrashes({ log, batches, crashes }: Run, house?: IncidentHousekeeping): Map<string, Alert> {
  const store = new Map<string, Alert>();
  const slow: (readonly Alert[])[] = [];
  const fresh = () =>
    new IncidentKeeper(
      LIMITS,
      () => SPAN * SECOND,
      (limit) => assert.equal(limit, 'incident_alerts_max'),
      house,
    );
  let keeper = fresh();
  let restoreFrom = 0;
  for (let at = 0, turn = 0; at < log.length; turn++) {
    const end = Math.min(log.length, at + batches[turn % batches.length]!);
    for (let offset = at; offset < end; offset++) keeper.add(alertFrom(log[offset]!), offset);
    const alerts = keeper.take();
    if (crashes[turn % crashes.length]) {
      if (turn % 2 === 0) keep(store, alerts);
      else slow.push(alerts);
      keeper = fresh();
      for (let offset = restoreFrom; offset < at; offset++) {
        keeper.add(alertFrom(log[offset]!), offset);
        if (offset % 3 === 0) keeper.take();
      }
      keeper.take();
      // What comes again comes in other batches.
      const half = Math.ceil((at + end) / 2);
      for (let offset = at; offset < half; offset++) keeper.add(alertFrom(log[offset]!), offset);
      keep(store, keeper.take());
      for (let offset = half; offset < end; offset++) keeper.add(alertFrom(log[offset]!), offset);
      keep(store, keeper.take());
    } else keep(store, alerts);
    if (turn % 3 === 0) for (const alerts of slow.splice(0, 1)) keep(store, alerts);
    const lowest = keeper.restoreFrom ?? end;
    assert.ok(lowest >= restoreFrom && lowest <= end, 'restoreFrom only grows');
    restoreFrom = lowest;
    at = end;
  }
  for (const alerts of slow) keep(store, alerts);
  return store;
}

const KINDS = ['withdrawn', 'excepted', 'informational', 'controller'] as const;

/** What a version of an alert may be, mostly one that counts. */
const revisionOf = (...kinds: Version['kind'][]) =>
  fc.record({
    actor: fc.constantFrom('alice', 'alice', 'bob'),
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant('person' as const) },
      { weight: 1, arbitrary: fc.constantFrom(...kinds) },
    ),
    lasts: fc.nat(SPAN),
  });
const cluster = fc.constantFrom('prod', 'prod', 'test');
const batches = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 });
const crashes = fc.array(fc.boolean(), { minLength: 1, maxLength: 10 });

/** Versions of some alerts in any order, some of them repeated. */
const stream = fc
  .record({
    alerts: fc.array(
      fc.record({
        cluster,
        start: fc.nat(60),
        revisions: fc.array(revisionOf(...KINDS, 'undated'), { minLength: 1, maxLength: 3 }),
      }),
      { maxLength: 20 },
    ),
    order: fc.infiniteStream(fc.nat()),
    again: fc.array(fc.nat(), { maxLength: 10 }),
    batches,
    crashes,
  })
  .map(({ alerts, order, again, batches, crashes }): Run => {
    const all = alerts.flatMap(({ cluster, start, revisions }, index) =>
      revisions.map((each, at): Version => ({ ...each, cluster, start, id: `a${index}`, version: at + 1 })),
    );
    const repeated = [...all, ...again.flatMap((index) => all[index % Math.max(1, all.length)] ?? [])];
    const places = new Map(repeated.keys().map((index) => [index, order.next().value!]));
    const log = [...repeated.keys()]
      .sort((a, b) => places.get(a)! - places.get(b)!)
      .map((index) => repeated[index]!);
    return { log, batches, crashes };
  });

const HOUSE = { offsetsKept: 12, sweepEvery: 5, offsetsRestored: 1_000_000 };

/** A stream that lasts: versions come at most LATENESS - 1 seconds late, some of them soon again, and what has passed is forgotten often. */
const longStream = fc
  .record({
    alerts: fc.array(
      fc.record({
        cluster: fc.constant('prod'),
        gap: fc.oneof(
          { weight: 12, arbitrary: fc.nat(3) },
          { weight: 2, arbitrary: fc.nat(12) },
          { weight: 1, arbitrary: fc.integer({ min: 12, max: 60 }) },
        ),
        revisions: fc.array(
          fc.record({ each: revisionOf(...KINDS), late: fc.nat(LATENESS - 1), again: fc.boolean() }),
          {
            minLength: 1,
            maxLength: 2,
          },
        ),
      }),
      { minLength: 40, maxLength: 120 },
    ),
    batches,
    crashes,
  })
  .map(({ alerts, batches, crashes }): Run => {
    let clock = 0;
    const arriving = alerts.flatMap(({ cluster, gap, revisions }, index) => {
      clock += gap;
      return revisions.map(({ each, late, again }, at) => ({
        version: { ...each, cluster, start: clock, id: `a${index}`, version: at + 1 },
        arrival: clock + each.lasts + late,
        again,
      }));
    });
    arriving.sort((a, b) => a.arrival - b.arrival);
    const log = arriving.flatMap(({ version }, index) => {
      const before = arriving[index - 4];
      return before?.again ? [version, before.version] : [version];
    });
    return { log, batches, crashes };
  });

/** Checks a property that many times, and says with which seed. */
function check(arbitrary: fc.Arbitrary<Run>, numRuns: number, house?: IncidentHousekeeping): void {
  const property = fc.property(arbitrary, (run) => {
    const found = stored(runWithCrashes(run, house));
    assert.deepEqual(found, new Map([...expected(run.log)].sort(([a], [b]) => (a < b ? -1 : 1))));
  });
  const details = fc.check(property, { numRuns, endOnFailure: true });
  console.log(`seed ${details.seed}, ${details.numRuns} runs`);
  if (details.failed) fc.assert(property, { seed: details.seed, numRuns, interruptAfterTimeLimit: 20_000 });
}

test('any order, repetition, batching, crash and slow process gives the incidents of the plain definition', () => {
  check(stream, 3000);
});

test('forgetting what has passed changes nothing, also across crashes', () => {
  check(longStream, 250, HOUSE);
});

test('what is held stays bounded', () => {
  const keeper = new IncidentKeeper(
    LIMITS,
    () => SPAN * SECOND,
    () => {},
    HOUSE,
  );
  let behindMax = 0;
  let heldMax = 0;
  const count = 50_000;
  for (let offset = 0; offset < count; offset++) {
    // Every user comes for a while and goes, one stays.
    const actor = offset % 10 === 0 ? 'robot' : `user-${Math.floor(offset / 50)}`;
    const version = { id: `a${offset}`, version: offset + 1, cluster: 'prod', actor, lasts: 0 };
    keeper.add(alertFrom({ ...version, kind: 'person', start: offset }), offset);
    if (offset % 100 !== 99) continue;
    keeper.take();
    heldMax = Math.max(heldMax, keeper.alerts);
    behindMax = Math.max(behindMax, offset - (keeper.restoreFrom ?? offset));
  }
  assert.ok(heldMax < 500, `${heldMax} alerts`);
  // Where the incidents of the one who never pauses begin depends on all that he did.
  assert.ok(behindMax > 40_000, `${behindMax}`);
});

test('nor does a restart read further back than it may', () => {
  const house = { ...HOUSE, offsetsRestored: 1000 };
  const keeper = new IncidentKeeper(
    LIMITS,
    () => SPAN * SECOND,
    () => {},
    house,
  );
  for (let offset = 0; offset < 5000; offset++) {
    const version = { id: `a${offset}`, version: 1, cluster: 'prod', actor: 'robot', lasts: 0 };
    keeper.add(alertFrom({ ...version, kind: 'person', start: offset }), offset);
    if (offset % 100 === 99) keeper.take();
  }
  assert.ok(keeper.restoreFrom! > 3800, `${keeper.restoreFrom}`);
});

test('of more than there is room for, what has been quiet for longest is let go', () => {
  const reached: string[] = [];
  const limits = { ...LIMITS, incident_bytes_max: 10_000 };
  const keeper = new IncidentKeeper(
    limits,
    () => SPAN * SECOND,
    (limit) => reached.push(limit),
    HOUSE,
  );
  const add = (offset: number, actor: string) =>
    keeper.add(
      alertFrom({ id: `a${offset}`, version: 1, cluster: 'prod', actor, kind: 'person', start: 0, lasts: 0 }),
      offset,
    );
  for (let offset = 0; offset < 40; offset++) add(offset, `user-${offset}`);
  keeper.take();
  assert.ok(keeper.alerts > 2 && keeper.alerts < 20, `${keeper.alerts}`);
  assert.deepEqual([...new Set(reached)], ['incident_bytes_max']);
  add(40, 'user-39');
  add(41, 'user-0');
  const counts = keeper.take().map(({ event, gatewatch }) => `${event.id} ${gatewatch.incident?.count ?? 1}`);
  assert.deepEqual(counts, ['a39 2', 'a40 2', 'a41 1']);
});
