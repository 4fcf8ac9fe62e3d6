import { kubernetesEvent } from '../../record/kubernetes-event.ts';
import { parseGroupVersionResource, resourceOfKind } from '../../record/resource-name.ts';
import { type Engine, namespaceOf, type Reviewed } from './engine.ts';

/** Controller whose Events tell of admission; those of others tell of background scans, and of what Kyverno makes (pkg/event/source.go). */
const REPORTER = 'kyverno-admission';

/** The line in which Kyverno's log says that it refuses a request, and for which policy (pkg/webhooks/utils/block.go, `-v=2`). */
const BLOCKING = 'blocking admission request';

const OF_KYVERNO = /^(?:\w+\.)?kyverno\.io\//;

/** Kyverno: the Events of its admission controller, and the lines of its JSON log that say `blocking admission request`. */
export const kyverno: Engine = {
  name: 'kyverno',
  mayTell: (members) =>
    members.has('regarding') ||
    members.has('involvedObject') ||
    (members.has('policy') && members.has('gvr') && members.text('message') === BLOCKING),
  reviewed: (document) => {
    const event = kubernetesEvent(document);
    if (!event) return document.message === BLOCKING ? reviewedInLine(document) : undefined;
    if (event.reporter !== REPORTER) return undefined;
    // Of what the policy has an Event of its own, the object is what it regards; an Event about a policy alone is no decision.
    const object = event.related ?? event.regarding;
    const { apiVersion, kind, namespace, name } = object;
    if (!event.related && typeof apiVersion === 'string' && OF_KYVERNO.test(apiVersion)) return undefined;
    const resource = resourceOfKind(kind);
    return { resource: { resource }, namespace: namespaceOf(resource, namespace, name) };
  },
  redact: () => [],
};

function reviewedInLine({ gvr, namespace, name }: Record<string, unknown>): Reviewed | undefined {
  const resource = parseGroupVersionResource(gvr)?.resource;
  return { resource: { resource }, namespace: namespaceOf(resource, namespace, name) };
}
