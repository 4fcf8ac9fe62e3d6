import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tokenDigest } from '../../src/credentials/tokens.ts';
import { recordFromEntry } from '../../src/log/codec.ts';
import { EmbeddedLog } from '../../src/log/embedded/log.ts';
import type { Alert } from '../../src/record/alert.ts';
import { type AlertFacts, assertSame, factsOf } from './facts.ts';
import { idsOf, recordedLoad, teaches, timeOf } from './load.ts';
import { type Random, seeded } from './random.ts';
import { send } from './sender.ts';
import {
  alertsOf,
  drained,
  GatewatchProcess,
  type ServeOptions,
  type Serving,
  serveArguments,
  startServe,
} from './served.ts';

/** How often the process is killed. */
const KILLS = 20;

/** Of these, every so many-th hits a process that is still starting, and rebuilding its state. */
const KILL_AT_START_EVERY = 5;

/** A process listens after about this long, milliseconds. Only decides where a kill hits. */
const START_MS = 2_000;

/** A kill comes at most this long after the request that it waits for, milliseconds. */
const KILL_MS_MAX = 60;

/** How late a batch may come: within correlate.lateness_seconds, with the time that a batch itself spans. */
const LATE_MS_MAX = 200_000;

const CLUSTER = 'prod';
const TOKEN = 'gw_audit_chaos';
const CONNECTIONS = 4;

const load = recordedLoad();
let folder = '';
let undisturbed: AlertFacts[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatewatch-chaos-'));
  await writeFile(
    join(folder, 'gatewatch.yaml'),
    `clusters:\n  - name: ${CLUSTER}\n    audit_token_sha256: [${tokenDigest(TOKEN)}]\n`,
  );
  const serving = await startServe(optionsOf('undisturbed'));
  await send(load.bodies, { cluster: CLUSTER, token: TOKEN, target: () => serving, connections: 1 });
  await drained(serving);
  undisturbed = factsOf(await alertsOf(serving));
  await serving.process.kill();
  assert.ok(undisturbed.length > 0);
});
after(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('the process is killed 20 times under load: no acknowledged event is lost, no alert is missing, twice or different', async (t) => {
  const random = seeded((line) => t.diagnostic(line));
  const options = optionsOf('killed');
  const acknowledged: Buffer[] = [];
  const serving = await sendWhileKilling(options, random, acknowledged, t.signal);
  t.after(() => serving.process.kill());
  await drained(serving);
  const alerts = await alertsOf(serving);
  await serving.process.kill();
  t.diagnostic(`${load.bodies.length} batches of ${load.name}, ${alerts.length} alerts`);

  assert.equal(acknowledged.length, load.bodies.length);
  const processed = await recordIds(join(options.dataDir, 'gatewatch.db'));
  const missing = acknowledged.flatMap((body) => idsOf(body, CLUSTER)).filter((id) => !processed.has(id));
  assert.deepEqual(missing, [], 'acknowledged and not in the log');
  assertSame(factsOf(alerts), undisturbed);
});

test('replay of the same events gives the same alerts', async () => {
  const file = join(folder, 'events.ndjson');
  await writeFile(file, Buffer.concat(load.bodies.map((body) => Buffer.from(`${body.toString().trim()}\n`))));
  const replay = new GatewatchProcess(['replay', file, '--cluster', CLUSTER, '--format', 'ndjson']);
  const { code, stdout, stderr } = await replay.ended;
  assert.equal(code, 0, stderr);
  const alerts = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Alert);
  assertSame(factsOf(alerts), undisturbed);
});

test('every batch sent twice, in any order within the lateness bound, gives the same alerts', async (t) => {
  const random = seeded((line) => t.diagnostic(line));
  const serving = await startServe(optionsOf('twice'));
  t.after(() => serving.process.kill());
  const late = (body: Buffer) => timeOf(body) + random.between(0, LATE_MS_MAX);
  const twice = load.bodies
    .flatMap((body) => [
      { body, arrival: teaches(body) ? timeOf(body) : late(body) },
      { body, arrival: late(body) },
    ])
    .sort((a, b) => a.arrival - b.arrival)
    .map(({ body }) => body);
  await send(twice, { cluster: CLUSTER, token: TOKEN, target: () => serving, connections: 1 });
  await drained(serving);
  assertSame(factsOf(await alertsOf(serving)), undisturbed);
});

function optionsOf(name: string): ServeOptions {
  return { dataDir: join(folder, name), configFile: join(folder, 'gatewatch.yaml') };
}

/** Sends the load, kills and restarts meanwhile, and gives the last process, alive. */
async function sendWhileKilling(
  options: ServeOptions,
  random: Random,
  acknowledged: Buffer[],
  signal: AbortSignal,
): Promise<Serving> {
  let serving: Serving | undefined;
  let attempts = 0;
  let reached: { readonly attempts: number; readonly resolve: () => void } | undefined;
  let over = false;
  const sending = send(load.bodies, {
    cluster: CLUSTER,
    token: TOKEN,
    connections: CONNECTIONS,
    target: () => serving,
    attempted: () => {
      attempts++;
      if (reached && attempts >= reached.attempts) reached.resolve();
    },
    acknowledged: (body) => acknowledged.push(body),
    inOrder: teaches,
    signal,
  }).then(() => {
    over = true;
    reached?.resolve();
  });

  for (let kill = 1; kill <= KILLS; kill++) {
    if (kill % KILL_AT_START_EVERY === 0) {
      const starting = new GatewatchProcess(serveArguments(options));
      await sleep(random.between(START_MS / 4, START_MS));
      await starting.kill();
      continue;
    }
    serving = await startServe(options);
    const share = Math.ceil(load.bodies.length / (KILLS * (1 - 1 / KILL_AT_START_EVERY)));
    const until = attempts + random.between(1, share + 1);
    await new Promise<void>((resolve) => {
      reached = { attempts: until, resolve };
      if (over) resolve();
    });
    await sleep(random.between(0, KILL_MS_MAX));
    const { process } = serving;
    serving = undefined;
    assert.equal((await process.kill()).signal, 'SIGKILL', 'the process ended by itself');
  }
  serving = await startServe(options);
  await sending;
  return serving;
}

/** The identities of all records in a log that nobody has open. */
async function recordIds(database: string): Promise<Set<string>> {
  const log = new EmbeddedLog(database);
  const ids = new Set<string>();
  const consumer = await log.consume('records', 'check', {
    async process({ entries }) {
      for (const entry of entries) ids.add(recordFromEntry(entry).id);
      return undefined;
    },
  });
  await consumer.drained();
  await log.close();
  return ids;
}
