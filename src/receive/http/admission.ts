import type { FastifyInstance } from 'fastify';
import { parseAdmissionReview } from '../admission-review.ts';
import { store } from '../store.ts';
import { admitted, bodyOf, type ReceiveOptions } from './plugin.ts';

/**
 * `POST /v1/admission/:cluster`: the observing webhook. It allows always and at once: the answer does not wait for the log, so
 * that nothing behind it can hold up a cluster; a review that the log cannot take is counted. It leaves its uid as an audit
 * annotation, by which the audit event of the same request is found (the API server puts the webhook's name before the key).
 *
 * `/v1/admission/:cluster/:token` is the same for an API server that was not told to authenticate to webhooks: then the
 * address itself is the credential, good for nothing but adding reviews of that cluster.
 */
export function admissionRoute(fastify: FastifyInstance, options: ReceiveOptions): void {
  const { log, limits, metrics, now } = options;
  for (const path of ['/v1/admission/:cluster', '/v1/admission/:cluster/:token']) {
    fastify.post<{ Params: { cluster: string } }>(
      path,
      { onRequest: admitted('admission', options), logLevel: 'silent' },
      async (request) => {
        const body = await bodyOf(request, 'admission', options);
        const origin = { cluster: request.params.cluster, receivedMs: now() };
        const review = parseAdmissionReview(body, origin, limits);
        const { uid } = review;
        store(log, metrics, origin, 'admission', review).catch(() =>
          metrics.count('receiveDroppedReviews', 1),
        );
        return {
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid, allowed: true, auditAnnotations: { uid } },
        };
      },
    );
  }
}
