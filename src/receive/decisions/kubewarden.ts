import { attributesOf } from '../../record/otlp.ts';
import { objectOf } from '../json.ts';
import { carriesCredentials } from '../redact.ts';
import { type Engine, namespaceOf, type Reviewed } from './engine.ts';

/** The span of one call of the webhook; the audit scanner's calls have another name (crates/policy-server, src/api/handlers.rs). */
const SPAN = 'validation';

/** Lines of policies that only watch (crates/policy-evaluator, admission_response_handler). */
const MONITORED = 'policy evaluation (monitor mode)';

/** What such a line tells of a mutation. */
const PATCH = /patch: Some\("(?:[^"\\]|\\.)*"\)/;

/** Kubewarden: spans of the policy server as OTLP/HTTP JSON, and lines of its JSON log about policies in monitor mode. */
export const kubewarden: Engine = {
  name: 'kubewarden',
  mayTell: (members) =>
    (members.has('spanId') && members.has('attributes')) || (members.has('fields') && members.has('span')),
  reviewed: (document) => {
    const { name, attributes, fields, span } = document;
    if (attributes !== undefined) return name === SPAN ? reviewedIn(attributesOf(attributes)) : undefined;
    return objectOf(fields).message === MONITORED ? reviewedIn(objectOf(span)) : undefined;
  },
  redact: ({ fields }, resource) => {
    const { response } = objectOf(fields);
    if (!carriesCredentials(resource) || typeof response !== 'string' || !PATCH.test(response)) return [];
    objectOf(fields).response = response.replace(PATCH, 'patch: [redacted]');
    return ['fields.response'];
  },
};

function reviewedIn(attributes: Readonly<Record<string, unknown>>): Reviewed | undefined {
  const { request_uid, policy_id, resource, subresource, namespace, name } = attributes;
  if (typeof request_uid !== 'string' || typeof policy_id !== 'string') return undefined;
  // In a log line the span's own name stands in the place of the object's.
  const namespaceName = name === SPAN ? namespace : name || namespace;
  return { resource: { resource, subresource }, namespace: namespaceOf(resource, namespace, namespaceName) };
}
