import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type Stages, startStages } from '../app.ts';
import { GatewatchError } from '../errors.ts';
import { serveAppends } from '../log/host.ts';
import type { LoadedRules } from '../rules/load.ts';
import { isAway, Patience } from '../stages/patience.ts';
import { Metrics } from '../telemetry/metrics.ts';
import type { FromStages, Health, SentError, StagesInit, ToStages } from './worker-messages.ts';

/**
 * The thread of the stages, and of the embedded log: all writing to its database happens here, so that nothing ever waits for a lock.
 * The HTTP thread answers in milliseconds whatever the stages have to do.
 */
const { config, database, appends } = workerData as StagesInit;
const port = parentPort!;

/** How long brokers that are slow to answer may hold up the metrics, milliseconds. */
const MEASURE_MS_MAX = 1_000;

/** How often it is looked whether a stage has begun to wait for something, milliseconds. */
const TELL_MS = 1_000;

const metrics = new Metrics();
let stages: Stages | undefined;
let closing = false;

function send(message: FromStages): void {
  port.postMessage(message);
}

function sent(error: unknown): SentError {
  if (error instanceof GatewatchError) {
    const { code, message, where } = error;
    return { code, message, where };
  }
  return { code: 'INTERNAL', message: String((error as Error)?.stack ?? error), where: undefined };
}

function failed(error: unknown): void {
  send({ type: 'failed', error: sent(error) });
}

function rulesJudged(
  { hash, set: { rules, correlations } }: LoadedRules,
  problems: readonly GatewatchError[],
) {
  const inForce = { rules: rules.length + correlations.length, hash };
  send({ type: 'rules', inForce, problems: problems.map(sent) });
}

/** What each stage waited for when it was last looked at. */
const problems = new Map<string, string>();

/** Sends what has changed, so that it is in the log once and not with every try. */
function tellProblems(): void {
  for (const { name, problem } of stages?.running ?? []) {
    if (problems.get(name) === problem?.code) continue;
    const role = name === 'audit-events' ? 'index' : name;
    if (problem) problems.set(name, problem.code);
    else problems.delete(name);
    send({ type: 'problem', role, error: problem && sent(problem) });
  }
}

async function health(): Promise<Health[]> {
  if (!stages)
    return config.roles.filter((role) => role !== 'console').map((role) => ({ role, state: 'restoring' }));
  const { rulesProblems } = stages;
  const behind = stages.running.map(({ name, problem, consumer }): Health => {
    const role = name === 'audit-events' ? 'index' : name;
    if (problem) return { role, state: 'waiting', error: sent(problem) };
    const state = consumer.restoring ? 'restoring' : 'ready';
    const warning = role === 'index' ? undefined : rulesProblems[0];
    return { role, state, ...(warning && { warning: sent(warning) }) };
  });
  if (!config.roles.includes('receive')) return behind;
  const problem = await stages.log.check();
  return [
    { role: 'receive', ...(problem ? { state: 'waiting', error: sent(problem) } : { state: 'ready' }) },
    ...behind,
  ];
}

port.on('message', async (message: ToStages) => {
  if (message.type === 'reload-rules') {
    await stages?.reloadRules();
    return;
  }
  if (message.type === 'ask') {
    const { id, what } = message;
    // What cannot be looked up now, or not soon, is left as it was.
    if (what === 'metrics') await Promise.race([stages?.measure().catch(() => {}), sleep(MEASURE_MS_MAX)]);
    send({ type: 'answer', id, values: await (what === 'metrics' ? metrics.json() : health()) });
    return;
  }
  closing = true;
  await stages?.close().catch(failed);
  appends?.close();
  port.close();
  // What is still being tried, or waited for beyond the time that it was given, is left.
  process.exit();
});

// What may be away for a while when this starts is waited for; what is wrong is said at once.
const patience = new Patience((error) => isAway(error) && !closing);

/** Until the log is open, senders keep what they have, and are told why. */
const unopened = (): GatewatchError =>
  patience.problem ?? new GatewatchError('LOG_UNAVAILABLE', 'The log is not open yet.');

if (appends) {
  serveAppends(appends, {
    appendEncoded: (topic, batches) =>
      stages ? stages.log.appendEncoded(topic, batches) : Promise.reject(unopened()),
  });
}

try {
  stages = await patience.until(
    () => startStages(config, { database, metrics, rulesJudged }),
    (error) => send({ type: 'waiting', error: sent(error) }),
  );
  stages.closed.catch(failed);
  send({ type: 'ready' });
  setInterval(tellProblems, TELL_MS).unref();
} catch (error) {
  if (!closing) failed(error);
  appends?.close();
  port.close();
}
