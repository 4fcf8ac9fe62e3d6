import type { FastifyInstance } from 'fastify';
import { parseEventList } from '../audit-events.ts';
import { store } from '../store.ts';
import { answerTo } from './answer.ts';
import { admitted, bodyOf, type ReceiveOptions } from './plugin.ts';

/**
 * `POST /v1/audit/:cluster`: the audit webhook backend's EventList, plain or gzip. The answer is 200 once every event is
 * durable (k8s.io/apiserver/plugin/pkg/audit/webhook takes any 2xx for success).
 */
export function auditRoute(fastify: FastifyInstance, options: ReceiveOptions): void {
  const { log, limits, metrics, now } = options;
  fastify.post<{ Params: { cluster: string } }>(
    '/v1/audit/:cluster',
    { onRequest: admitted('audit', options) },
    async (request) => {
      const body = await bodyOf(request, 'audit', options);
      const origin = { cluster: request.params.cluster, receivedMs: now() };
      const parsed = parseEventList(body, origin, limits);
      await store(log, metrics, origin, 'audit', parsed);
      return answerTo(parsed);
    },
  );
}
