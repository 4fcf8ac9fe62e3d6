import type {
  Actor,
  Admission,
  NamespaceChange,
  Outcome,
  PodSecurity,
  PolicyChange,
  Violation,
} from '../record/signal.ts';
import { admissionOf, type Verdict, verdictOf } from './admission/admission.ts';
import { type ActorKind, actorKind } from './attribution/actor.ts';
import { attribute, type Objects } from './attribution/chain.ts';
import { type CertificateSubject, certificateSubject } from './certificate/certificate-request.ts';
import { clientOf } from './client.ts';
import { type Connection, connectionOf } from './connect/connection.ts';
import { answeredMetadata } from './decode/answer.ts';
import { anyOf, at, isObject, type JsonObject, listOf, stringOf } from './decode/json.ts';
import { creates, holdsObject, type Request } from './decode/request.ts';
import { type Exposure, exposureOf, mayExpose } from './exposure/exposure.ts';
import { objectPath, trimmed } from './memory/remembered.ts';
import { type WrittenObject, writtenObject } from './memory/written-object.ts';
import { namespaceChange } from './namespace/change.ts';
import { changedSince } from './namespace/label-patch.ts';
import type { Known } from './namespace/posture.ts';
import { type PodLocation, podOf } from './podsecurity/pod-template.ts';
import { policyChange } from './policy/change.ts';
import { type Addition, additionTo, type Grant, grantOf, mayGrant } from './rbac/grant.ts';
import { DerivedFields, type EventFields } from './sigma/event.ts';
import { type Trait, UNKNOWN } from './sigma/traits.ts';
import { PodFields } from './workload/pod-fields.ts';
import { podSecurityOf, satisfiedLevel } from './workload/pod-security.ts';
import { type WrittenPod, writtenPod } from './workload/written-pod.ts';

/** What was known just before a request of its namespace, and of the objects in it. */
export interface Past extends Objects {
  readonly namespace: Known;
}

/**
 * What Gatewatch adds to a request for rules to read, under `gatewatch.*` (docs/rules.md lists the fields). Everything is
 * worked out when first asked for: most requests are asked for nothing.
 */
export class EventView implements EventFields {
  readonly request: Request;
  readonly #past: Past;
  #verdict: Verdict | undefined;
  #admission: Admission | undefined;
  #pod: WrittenPod | null | undefined;
  #podSecurity: PodSecurity | undefined;
  #namespace: NamespaceChange | null | undefined;
  #actor: Actor | undefined;
  #policy: PolicyChange | null | undefined;
  #before: JsonObject | null | undefined;
  #written: WrittenObject | null | undefined;
  #connection: Connection | null | undefined;
  #grant: (Grant & Addition) | null | undefined;
  #exposure: Exposure | null | undefined;
  #certificate: CertificateSubject | null | undefined;
  #gatewatch: object | undefined;

  constructor(request: Request, past: Past) {
    this.request = request;
    this.#past = past;
  }

  field(root: string): unknown {
    if (root !== 'gatewatch') return this.request.field(root);
    this.#gatewatch ??= new GatewatchFields(this);
    return this.#gatewatch;
  }

  keywords(): Iterable<string> {
    return this.request.keywords();
  }

  trait(field: Trait): string | number | undefined | typeof UNKNOWN {
    const { request } = this;
    switch (field) {
      case 'verb':
        return request.verb || undefined;
      case 'stage':
        return request.stage;
      case 'objectRef.resource':
        return request.ref.resource || undefined;
      case 'objectRef.subresource':
        return request.ref.subresource || undefined;
      case 'objectRef.apiGroup':
        return request.ref.apiGroup || undefined;
      case 'responseStatus.code':
        return request.code;
      case 'user.username':
        return request.username || undefined;
      case 'gatewatch.outcome':
        return this.outcome;
      case 'gatewatch.actor.kind':
        return this.actorKind;
      case 'impersonatedUser':
        return request.impersonates ? UNKNOWN : undefined;
      case 'gatewatch.redacted':
        return request.record.redacted.length > 0 ? UNKNOWN : undefined;
      case 'gatewatch.admission.failed_open':
        return request.mayHaveAnnotation('failed-open.') ? UNKNOWN : undefined;
    }
  }

  get outcome(): Outcome {
    this.#verdict ??= verdictOf(this.request);
    return this.#verdict.outcome;
  }

  get admission(): Admission {
    this.#verdict ??= verdictOf(this.request);
    this.#admission ??= admissionOf(this.request, this.#verdict);
    return this.#admission;
  }

  /** The part that is remembered of the object as it was before the request; a review brings it along. */
  get before(): JsonObject | undefined {
    if (this.#before === undefined) {
      const { ref, source, oldObject } = this.request;
      const body =
        source === 'review'
          ? trimmed(oldObject, ref)
          : this.#past.object(objectPath(ref.resource, this.objectName))?.body;
      this.#before = body ?? null;
    }
    return this.#before ?? undefined;
  }

  /** The object as the request leaves it, or tried to. */
  get written(): WrittenObject | undefined {
    if (this.#written === undefined)
      this.#written = writtenObject(this.request, this.outcome, this.before) ?? null;
    return this.#written ?? undefined;
  }

  /** True if what is remembered of the object is the same after the write: it was applied again, scaled, or only its status written. */
  get #leftAsItWas(): boolean {
    const { before, request } = this;
    if (!before || creates(request) || !this.written?.whole) return false;
    return JSON.stringify(trimmed(this.written.object, request.ref)) === JSON.stringify(before);
  }

  get pod(): WrittenPod | undefined {
    if (this.#pod === undefined) {
      const pod = writtenPod(this.request, this.outcome, () => this.written);
      this.#pod = pod && !this.#leftAsItWas ? pod : null;
    }
    return this.#pod ?? undefined;
  }

  get podSecurity(): PodSecurity | undefined {
    if (this.pod) this.#podSecurity ??= podSecurityOf(this.request, this.pod);
    return this.#podSecurity;
  }

  get namespaceChange(): NamespaceChange | undefined {
    if (this.#namespace === undefined) {
      this.#namespace = namespaceChange(this.request, this.outcome, this.#past.namespace) ?? null;
    }
    return this.#namespace ?? undefined;
  }

  get connection(): Connection | undefined {
    if (this.#connection === undefined) this.#connection = connectionOf(this.request) ?? null;
    return this.#connection ?? undefined;
  }

  /** What a role or binding grants as the request leaves it, or tried to, and what of it is new where the former object is known. */
  get grant(): (Grant & Addition) | undefined {
    if (this.#grant === undefined) {
      const written = mayGrant(this.request) ? this.written : undefined;
      const grant = written && this.#grantOf(written.object);
      const before = creates(this.request) ? undefined : this.before;
      this.#grant = grant ? { ...grant, ...(before && additionTo(this.#grantOf(before), grant)) } : null;
    }
    return this.#grant ?? undefined;
  }

  #grantOf(object: unknown): Grant {
    return grantOf(this.request.ref, object, (kind, name) => this.#roleNamed(kind, name));
  }

  /** How a Service or Ingress is exposed as the request leaves it, or tried to. */
  get exposure(): Exposure | undefined {
    if (this.#exposure === undefined) {
      const written = mayExpose(this.request) ? this.written : undefined;
      this.#exposure = (written && exposureOf(this.request, written)) ?? null;
    }
    return this.#exposure ?? undefined;
  }

  #roleNamed(kind: string, name: string): unknown {
    const resource = kind === 'Role' ? 'roles' : 'clusterroles';
    return this.#past.object(objectPath(resource, name))?.body;
  }

  get certificate(): CertificateSubject | undefined {
    if (this.#certificate === undefined) this.#certificate = certificateSubject(this.request) ?? null;
    return this.#certificate ?? undefined;
  }

  /** What the request does to admission control itself. */
  get policy(): PolicyChange | undefined {
    if (this.#policy === undefined) this.#policy = policyChange(this.request, () => this) ?? null;
    return this.#policy ?? undefined;
  }

  /** What kind of identity asked. A pod that a controller makes has an owner; one without is made by somebody who has its token. */
  get actorKind(): ActorKind {
    const { request } = this;
    const kind = actorKind(request.username);
    if (kind !== 'controller' || request.ref.resource !== 'pods' || !creates(request)) return kind;
    const metadata = at(request.requestObject, 'metadata');
    return metadata !== undefined && at(metadata, 'ownerReferences') === undefined ? 'service-account' : kind;
  }

  /** Who asked, and who is behind it. */
  get actor(): Actor {
    if (!this.#actor) {
      const { request, actorKind: kind } = this;
      const path = objectPath(request.ref.resource, this.objectName);
      this.#actor = { kind, ...attribute(request, kind, path, this.#past) };
    }
    return this.#actor;
  }

  /** What of level baseline the pod violates as it was persisted and did not as it was asked for: what a mutation put in. */
  get injected(): readonly Violation[] {
    const { request } = this;
    if (!creates(request) || this.outcome !== 'admitted') return [];
    return this.#violationsSince(podOf(request.requestObject, request.ref.resource));
  }

  /** What of level baseline the pod violates and the object did not before this write; nothing where that is not known. */
  get added(): readonly Violation[] {
    return this.#violationsSince(this.podBefore);
  }

  /** The pod or template that an update, patch or debug container changes, as it was; undefined where it was never seen. */
  get podBefore(): PodLocation | undefined {
    if (creates(this.request)) return undefined;
    const { ref, responseObject } = this.request;
    const known = podOf(this.before, ref.resource);
    if (known || ref.subresource !== 'ephemeralcontainers') return known;
    // Nothing else of a pod can change with it.
    const answered = podOf(responseObject, ref.resource);
    if (!answered || !isObject(answered.spec)) return undefined;
    const { ephemeralContainers, ...spec } = answered.spec;
    return { ...answered, spec };
  }

  /** Baseline violations of the pod whose checks another one passes. */
  #violationsSince(other: PodLocation | undefined): readonly Violation[] {
    const { request, podSecurity } = this;
    if (!other || !podSecurity?.baseline) return [];
    const before = podSecurityOf(request, { ...other, complete: false }).baseline ?? [];
    return podSecurity.baseline.filter(({ check }) => !before.some((one) => one.check === check));
  }

  /** The object's name; with generateName it is only in the answer, of a refused one in its details. */
  get objectName(): string {
    const { request } = this;
    const refused = request.ref.name === '' ? at(request.status, 'details', 'name') : undefined;
    return this.#ownName || (stringOf(refused) ?? '');
  }

  get #ownName(): string {
    const { request } = this;
    if (request.ref.name !== '' || !holdsObject(request)) return request.ref.name;
    const answered = at(answeredMetadata(request.responseObject), 'metadata', 'name');
    return stringOf(answered) ?? stringOf(at(request.requestObject, 'metadata', 'name')) ?? '';
  }

  /** The namespace that the request concerns; a Namespace is its own. */
  get objectNamespace(): string {
    return this.request.ref.resource === 'namespaces' ? this.objectName : this.request.ref.namespace;
  }

  /** False if the answer shows that the write left the object as it was: a repeated apply, an update with nothing new. */
  get objectChanged(): boolean {
    const { verb } = this.request;
    if (verb !== 'update' && verb !== 'patch') return true;
    if (this.#leftAsItWas) return false;
    const { requestObject, responseObject, receivedSeconds } = this.request;
    const after = at(responseObject, 'metadata', 'resourceVersion');
    if (typeof after === 'string' && at(requestObject, 'metadata', 'resourceVersion') === after) return false;
    return (
      responseObject === undefined || responseObject === null || changedSince(responseObject, receivedSeconds)
    );
  }

  /** What an object's retries and siblings have in common: its owner, else the prefix its name is generated from, else its name. */
  get objectSeries(): string {
    if (!holdsObject(this.request)) return this.#ownName;
    const { requestObject, responseObject } = this.request;
    const owner = listOf(
      at(requestObject, 'metadata', 'ownerReferences') ?? at(responseObject, 'metadata', 'ownerReferences'),
    )[0];
    const ownerName = stringOf(at(owner, 'name'));
    if (ownerName !== undefined) return `${stringOf(at(owner, 'kind')) ?? 'owner'}/${ownerName}`;
    return stringOf(at(requestObject, 'metadata', 'generateName')) ?? this.#ownName;
  }
}

/** What the path `gatewatch.…` walks. */
class GatewatchFields extends DerivedFields {
  readonly #view: EventView;

  constructor(view: EventView) {
    super();
    this.#view = view;
  }

  get cluster() {
    return this.#view.request.record.cluster;
  }
  get source() {
    return this.#view.request.source;
  }
  get client() {
    return clientOf(this.#view.request);
  }
  get dry_run() {
    return this.#view.request.dryRun;
  }
  get outcome() {
    return this.#view.outcome;
  }
  get admission() {
    return this.#view.admission;
  }
  get actor() {
    return new ActorFields(this.#view);
  }
  get object() {
    return new ObjectFields(this.#view);
  }
  get pod() {
    const { pod } = this.#view;
    return pod && new PodFields(pod, () => this.#view.podBefore);
  }
  get pod_security() {
    const { podSecurity } = this.#view;
    return podSecurity && new PodSecurityFields(this.#view, podSecurity);
  }
  get namespace() {
    return this.#view.namespaceChange;
  }
  get rbac() {
    return this.#view.grant;
  }
  get exposure() {
    return this.#view.exposure;
  }
  get connect() {
    return this.#view.connection;
  }
  get certificate() {
    return this.#view.certificate;
  }
  get policy() {
    return this.#view.policy;
  }
  get redacted() {
    return anyOf(this.#view.request.record.redacted);
  }
  get limits() {
    return this.#view.request.limits;
  }
}

/** What the path `gatewatch.actor.…` walks: most rules ask for the kind alone. */
class ActorFields extends DerivedFields {
  readonly #view: EventView;

  constructor(view: EventView) {
    super();
    this.#view = view;
  }

  get kind() {
    return this.#view.actorKind;
  }
  get author() {
    return this.#view.actor.author;
  }
  get chain() {
    return this.#view.actor.chain;
  }
  get managers() {
    return this.#view.actor.managers;
  }
}

/** What the path `gatewatch.pod_security.…` walks. */
class PodSecurityFields extends DerivedFields {
  readonly #view: EventView;
  readonly #security: PodSecurity;

  constructor(view: EventView, security: PodSecurity) {
    super();
    this.#view = view;
    this.#security = security;
  }

  get enforced() {
    return this.#security.enforced;
  }
  get level() {
    return satisfiedLevel(this.#security);
  }
  get baseline() {
    return this.#security.baseline;
  }
  get restricted() {
    return this.#security.restricted;
  }
  get injected() {
    return anyOf(this.#view.injected);
  }
  get added() {
    return anyOf(this.#view.added);
  }
}

/** What the path `gatewatch.object.…` walks. */
class ObjectFields extends DerivedFields {
  readonly #view: EventView;

  constructor(view: EventView) {
    super();
    this.#view = view;
  }

  get name() {
    return this.#view.objectName;
  }
  get series() {
    return this.#view.objectSeries;
  }
  get namespace() {
    return this.#view.objectNamespace;
  }
  /** Namespace, resource and name: tells one object of a cluster from another. */
  get path() {
    return [this.#view.objectNamespace, this.#view.request.ref.resource, this.#view.objectName].join('/');
  }
  get changed() {
    return this.#view.objectChanged;
  }
  get before() {
    return this.#view.before;
  }
}
