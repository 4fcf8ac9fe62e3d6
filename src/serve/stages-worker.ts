import { parentPort, workerData } from 'node:worker_threads';
import { type Stages, startStages } from '../app.ts';
import { GatewatchError } from '../errors.ts';
import { isAway, Patience } from '../stages/patience.ts';
import { Metrics } from '../telemetry/metrics.ts';
import type { FromStages, Health, SentError, StagesInit, ToStages } from './worker-messages.ts';

/**
 * The thread of the stages, and of the embedded log: all writing to its database happens here, so that nothing ever waits for a lock.
 * The HTTP thread answers in milliseconds whatever the stages have to do.
 */
const { config, database, appends } = workerData as StagesInit;
const port = parentPort!;
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

function health(): Health[] {
  return (stages?.running ?? []).map(({ name, problem, consumer }) => {
    const role = name === 'audit-events' ? 'index' : name;
    if (problem) return { role, state: 'waiting', error: sent(problem) };
    return { role, state: consumer.restoring ? 'restoring' : 'ready' };
  });
}

port.on('message', async (message: ToStages) => {
  if (message.type === 'ask') {
    const { id, what } = message;
    // What cannot be looked up now is left as it was.
    if (what === 'metrics') await stages?.measure().catch(() => {});
    send({ type: 'answer', id, values: what === 'metrics' ? await metrics.json() : health() });
    return;
  }
  closing = true;
  await stages?.close().catch(failed);
  appends?.close();
  port.close();
  // What is still being tried, or waited for beyond the time that it was given, is left.
  process.exit();
});

try {
  // What may be away for a while when this starts is waited for; what is wrong is said at once.
  const patience = new Patience((error) => isAway(error) && !closing);
  stages = await patience.until(
    () => startStages(config, { database, metrics }),
    (error) => send({ type: 'waiting', error: sent(error) }),
  );
  if (appends) stages.host(appends);
  stages.closed.catch(failed);
  send({ type: 'ready' });
} catch (error) {
  if (!closing) failed(error);
  port.close();
}
