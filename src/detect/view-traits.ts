import { asksForCertificate } from './certificate/certificate-request.ts';
import { opensConnection } from './decode/request.ts';
import { mayExpose } from './exposure/exposure.ts';
import { mayChangeNamespace } from './namespace/change.ts';
import { mayChangePolicy } from './policy/change.ts';
import { mayGrant } from './rbac/grant.ts';
import { type Trait, type TraitOf, UNKNOWN } from './sigma/traits.ts';
import type { EventView } from './view.ts';
import { mayWritePod } from './workload/written-pod.ts';

/** What tells an event apart from others before more of it is decoded than a glance tells; `gatewatch.*` as `EventView` works it out, or that it is absent. Decisions have a view of their own. */
export function traitOf(view: EventView, field: Trait): TraitOf {
  const { request } = view;
  const { ref } = request;
  switch (field) {
    case 'objectRef.resource':
      return ref.resource || undefined;
    case 'verb':
      return request.verb || undefined;
    case 'objectRef.subresource':
      return ref.subresource || undefined;
    case 'objectRef.apiGroup':
      return ref.apiGroup || undefined;
    case 'stage':
      return request.stage;
    case 'responseStatus.code':
      return request.code;
    case 'gatewatch.redacted':
      return unknownIf(request.record.redacted.length > 0);
    case 'gatewatch.pod':
      return unknownIf(mayWritePod(request));
    case 'gatewatch.namespace':
      return unknownIf(mayChangeNamespace(request));
    case 'gatewatch.rbac':
      return unknownIf(mayGrant(request));
    case 'gatewatch.exposure':
      return unknownIf(mayExpose(request));
    case 'gatewatch.connect':
      return unknownIf(opensConnection(request));
    case 'gatewatch.certificate':
      return unknownIf(asksForCertificate(request));
    case 'gatewatch.policy':
      return unknownIf(mayChangePolicy(request));
    case 'gatewatch.decision':
      return undefined;
    case 'objectRef.namespace':
      return ref.namespace || undefined;
    case 'gatewatch.outcome':
      return view.outcome;
    case 'gatewatch.admission.failed_open':
      return unknownIf(request.mayHaveAnnotation('failed-open.'));
    case 'annotations.authorization.k8s.io/decision':
      return request.decision;
    case 'gatewatch.actor.kind':
      return view.actorKind;
    case 'user.username':
      return request.caller.name || undefined;
    case 'impersonatedUser':
      return unknownIf(request.caller.impersonates);
    case 'caller':
      return request.caller.recurs ? request.caller : UNKNOWN;
  }
}

/** Of what is absent nothing is left to ask. */
function unknownIf(present: boolean): typeof UNKNOWN | undefined {
  return present ? UNKNOWN : undefined;
}
