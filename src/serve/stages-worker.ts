import { parentPort, workerData } from 'node:worker_threads';
import { startStages } from '../app.ts';
import { GatewatchError } from '../errors.ts';
import { serveAppends } from '../log/embedded/host.ts';
import { Metrics } from '../telemetry/metrics.ts';
import type { FromStages, StagesInit, ToStages } from './worker-messages.ts';

/**
 * The thread of the log and the stages. All writing to the database happens here, so that nothing ever waits for a lock, and the HTTP
 * thread answers in milliseconds whatever the stages have to do.
 */
const { config, database, appends } = workerData as StagesInit;
const port = parentPort!;
const metrics = new Metrics();

function send(message: FromStages): void {
  port.postMessage(message);
}

function failed(error: unknown): void {
  const known = error instanceof GatewatchError;
  send({
    type: 'failed',
    code: known ? error.code : 'INTERNAL',
    message: known ? error.message : String((error as Error)?.stack ?? error),
    where: known ? error.where : undefined,
  });
}

try {
  const observe = {
    committed: ({ seconds }: { seconds: number }) => metrics.observe('logAppendSeconds', seconds),
  };
  const stages = await startStages(config, { database, metrics, observe });
  serveAppends(appends, stages.log);
  stages.closed.catch(failed);
  port.on('message', async (message: ToStages) => {
    if (message.type === 'metrics') {
      gauge(stages.log.stats());
      send({ type: 'metrics', id: message.id, values: await metrics.json() });
      return;
    }
    await stages.close().catch(failed);
    appends.close();
    port.close();
  });
  const { rules, correlations } = stages.rules.set;
  send({ type: 'ready', rules: rules.length + correlations.length });
} catch (error) {
  failed(error);
}

type Stats = ReturnType<Awaited<ReturnType<typeof startStages>>['log']['stats']>;

function gauge(stats: Stats): void {
  metrics.set(
    'logBytes',
    Object.values(stats).reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const lags = { detect: stats.records, correlate: stats.signals, index: stats.alerts } as const;
  for (const [stage, { end, committed }] of Object.entries(lags)) {
    metrics.set('consumerLagEntries', end - (committed[stage] ?? 0), { stage });
  }
}
