import { asksForCertificate } from './certificate/certificate-request.ts';
import { stringOf } from './decode/json.ts';
import { opensConnection, passesAdmission, type Request } from './decode/request.ts';
import { mayExpose } from './exposure/exposure.ts';
import { mayChangeNamespace } from './namespace/change.ts';
import { mayChangePolicy } from './policy/change.ts';
import { mayGrant } from './rbac/grant.ts';
import { bitOf, OPTIONAL, type Optional, type Trait, type TraitOf, UNKNOWN } from './sigma/traits.ts';
import type { EventView } from './view.ts';
import { podPartsOf } from './workload/pod-parts.ts';
import { mayWritePod } from './workload/written-pod.ts';

const bit = Object.fromEntries(OPTIONAL.map((field) => [field, bitOf(field)])) as Record<Optional, number>;

const FAILED_OPEN =
  bit['gatewatch.admission.failed_open'] |
  bit['annotations.imagepolicywebhook.image-policy.k8s.io/failed-open'];

/** Those that only a write has, or what opens a connection. */
function writtenIn(request: Request): number {
  let bits = 0;
  if (mayWritePod(request)) bits |= bit['gatewatch.pod'];
  if (mayChangeNamespace(request)) bits |= bit['gatewatch.namespace'];
  if (mayGrant(request)) bits |= bit['gatewatch.rbac'];
  if (mayExpose(request)) bits |= bit['gatewatch.exposure'];
  if (opensConnection(request)) bits |= bit['gatewatch.connect'];
  if (mayChangePolicy(request)) bits |= bit['gatewatch.policy'];
  return bits;
}

/** Which of the optional fields an event may have. */
function presentIn({ request }: EventView): number {
  let bits = passesAdmission(request) ? writtenIn(request) : 0;
  if (asksForCertificate(request)) bits |= bit['gatewatch.certificate'];
  if (request.record.redacted.length > 0) bits |= bit['gatewatch.redacted'];
  if (request.mayHaveAnnotation('failed-open')) bits |= FAILED_OPEN;
  if (request.caller.impersonates) bits |= bit.impersonatedUser;
  return bits;
}

/** What tells an event apart from others before more of it is decoded than a glance tells; `gatewatch.*` as `EventView` works it out. Decisions have a view of their own. */
export function traitOf(view: EventView, field: Trait): TraitOf {
  const { request } = view;
  const { ref } = request;
  switch (field) {
    case 'objectRef.resource':
      return ref.resource || undefined;
    case 'verb':
      return request.verb || undefined;
    case 'present':
      return presentIn(view);
    case 'objectRef.subresource':
      return ref.subresource || undefined;
    case 'objectRef.apiGroup':
      return ref.apiGroup || undefined;
    case 'stage':
      return request.stage;
    case 'responseStatus.code':
      return request.code;
    case 'objectRef.namespace':
      return ref.namespace || undefined;
    case 'gatewatch.outcome':
      return view.outcome;
    case 'annotations.authorization.k8s.io/decision':
      return request.decision;
    case 'gatewatch.actor.kind':
      return view.actorKind;
    case 'user.username':
      return request.caller.name || undefined;
    case 'level':
      return stringOf(request.field('level'));
    case 'pod':
      return podPartsOf(view);
    case 'caller':
      return request.caller.recurs ? request.caller : UNKNOWN;
  }
}
