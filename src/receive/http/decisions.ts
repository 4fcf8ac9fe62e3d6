import type { FastifyInstance } from 'fastify';
import type { EngineName } from '../../record/engine.ts';
import { parseDecisionBody } from '../decisions/body.ts';
import { ENGINE } from '../decisions/engines.ts';
import { store } from '../store.ts';
import { answerTo } from './answer.ts';
import { admitted, bodyOf, type ReceiveOptions } from './plugin.ts';

/** Where each engine's decisions are sent. OPA puts `/logs`, and a partition if it has one, behind the address that it is given. */
const ROUTES: readonly (readonly [path: string, engine: EngineName])[] = [
  ['/v1/opa/:cluster/logs', 'opa'],
  ['/v1/opa/:cluster/logs/:partition', 'opa'],
  ['/v1/gatekeeper/:cluster', 'gatekeeper'],
  ['/v1/kyverno/:cluster', 'kyverno'],
  ['/v1/kubewarden/:cluster', 'kubewarden'],
];

/**
 * What policy engines say that they decided, plain or gzip: decision logs, lines of logs, Kubernetes Events, spans. The answer is 200
 * once every decision is durable; what tells none is passed over. All senders send again what was not answered so, and a decision that
 * is stored twice is the same record.
 */
export function decisionRoutes(fastify: FastifyInstance, options: ReceiveOptions): void {
  const { log, limits, metrics, now } = options;
  for (const [path, engine] of ROUTES) {
    fastify.post<{ Params: { cluster: string } }>(
      path,
      { onRequest: admitted('decision', options) },
      async (request) => {
        const body = await bodyOf(request, engine, options);
        const origin = { cluster: request.params.cluster, receivedMs: now() };
        const parsed = parseDecisionBody(body, ENGINE[engine], origin, limits);
        await store(log, metrics, origin, engine, parsed);
        return answerTo(parsed);
      },
    );
  }
}
