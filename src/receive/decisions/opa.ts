import { objectOf } from '../json.ts';
import { carriesCredentials } from '../redact.ts';
import { type Engine, namespaceOf, replace } from './engine.ts';

/**
 * OPA: entries of its decision log, uploaded or from its console (`v1/plugins/logs`, type EventV1). Those about anything but an
 * AdmissionReview are passed over: OPA also answers services, whose input may be a credential.
 */
export const opa: Engine = {
  name: 'opa',
  mayTell: (members) => members.has('decision_id'),
  reviewed: ({ input }) => {
    const { kind, request } = objectOf(input);
    if (kind !== 'AdmissionReview' || typeof request !== 'object' || request === null) return undefined;
    const { resource: of, subResource, namespace, name } = objectOf(request);
    const { resource } = objectOf(of);
    return {
      resource: { resource, subresource: subResource },
      namespace: namespaceOf(resource, namespace, name),
    };
  },
  redact: (entry, resource) => [
    // What the policy itself asked of others, with the credentials that it showed them.
    ...replace(entry, 'nd_builtin_cache'),
    ...replace(entry, 'request_context'),
    ...(carriesCredentials(resource)
      ? replace(objectOf(objectOf(entry.result).response), 'patch', 'result.response.patch')
      : []),
  ],
};
