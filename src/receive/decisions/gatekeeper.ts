import { kubernetesEvent } from '../../record/kubernetes-event.ts';
import { resourceOfKind } from '../../record/resource-name.ts';
import { carriesCredentials } from '../redact.ts';
import { type Engine, namespaceOf, replace } from './engine.ts';

/** Component of the Events that the webhook emits; those of the audit have another (pkg/webhook/policy.go, pkg/audit/manager.go). */
const REPORTER = 'gatekeeper-webhook';

/**
 * Gatekeeper: lines of `--log-denies`, Events of `--emit-admission-events`, and messages of the export of admission violations.
 * Its audit runs tell of objects that were there already: no decision.
 */
export const gatekeeper: Engine = {
  name: 'gatekeeper',
  mayTell: (members) =>
    members.has('constraint_name') ||
    members.has('enforcementAction') ||
    members.has('involvedObject') ||
    members.has('regarding'),
  reviewed: (document) => {
    const event = kubernetesEvent(document);
    if (event) return event.reporter === REPORTER ? reviewedIn(event.annotations) : undefined;
    if (document.eventType !== 'violation_admission') return reviewedIn(document);
    const { requestResource, resourceKind, resourceNamespace, resourceName } = document;
    const resource = requestResource || resourceOfKind(resourceKind);
    return {
      resource: { resource },
      namespace: namespaceOf(resource, resourceNamespace, resourceName),
    };
  },
  redact: (document, resource) => (carriesCredentials(resource) ? replace(document, 'details') : []),
};

/** A log line's fields, which are an Event's annotations too. */
function reviewedIn(fields: Readonly<Record<string, unknown>>) {
  if (fields.process !== 'admission' || fields.event_type !== 'violation') return undefined;
  const resource = resourceOfKind(fields.resource_kind);
  return {
    resource: { resource },
    namespace: namespaceOf(resource, fields.resource_namespace, fields.resource_name),
  };
}
