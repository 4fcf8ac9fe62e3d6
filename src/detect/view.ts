import { strictness } from '../record/pod-security-level.ts';
import type {
  Actor,
  Admission,
  NamespaceChange,
  Outcome,
  PodSecurity,
  PolicyChange,
  Violation,
} from '../record/signal.ts';
import { parseUntrusted } from '../record/untrusted-json.ts';
import { admissionOf, type Verdict, verdictOf } from './admission/admission.ts';
import { judgesIn } from './admission/judges.ts';
import { attribute, type Objects } from './attribution/chain.ts';
import type { ActorKind } from './caller/kind.ts';
import { type CertificateSubject, certificateSubject } from './certificate/certificate-request.ts';
import { type Connection, connectionOf } from './connect/connection.ts';
import { answeredMetadata } from './decode/answer.ts';
import {
  at,
  isObject,
  type JsonObject,
  listOf,
  member,
  objectOf,
  stringOf,
  stringsOf,
} from './decode/json.ts';
import { changesOf } from './decode/managed-fields.ts';
import { creates, holdsObject, type Request } from './decode/request.ts';
import { type Exposure, exposureOf, mayExpose } from './exposure/exposure.ts';
import type { ObjectVersion } from './memory/object-history.ts';
import { JUDGES, objectPath, trimmed } from './memory/remembered.ts';
import { type WrittenObject, writtenObject } from './memory/written-object.ts';
import { mayChangeNamespace, namespaceChange } from './namespace/change.ts';
import { changedSince } from './namespace/label-patch.ts';
import type { Labels } from './namespace/labels.ts';
import type { Known } from './namespace/posture.ts';
import { hasTemplate, type PodLocation, podOf } from './podsecurity/pod-template.ts';
import { policyChange } from './policy/change.ts';
import { putBack } from './policy/compare.ts';
import { weakenedIn } from './policy/scope.ts';
import { type Addition, additionTo, type Grant, grantOf, leavesGrant, mayGrant } from './rbac/grant.ts';
import type { EventFields } from './sigma/event.ts';
import type { Trait, TraitOf } from './sigma/traits.ts';
import { GatewatchFields } from './view-fields.ts';
import { traitOf } from './view-traits.ts';
import { enforcedPolicy, podSecurityOf } from './workload/pod-security.ts';
import { type WrittenPod, writtenPod } from './workload/written-pod.ts';

/** In a patch: what chooses namespaces, or says anew whether pods or workloads are judged at all. */
const SCOPING = new RegExp(
  [
    '[sS]elector|[nN]amespaces',
    // A merge patch has such a list as a whole.
    '"(?:rules|resourceRules|kinds|resources)":(?:null|\\[)|"webhooks":(?:null|\\[\\])',
    // A JSON patch names it, an element of it, or what it stands in.
    '"path":"(?:[^"]*/(?:rules|resourceRules|kinds|resources|webhooks|match|matchConstraints)(?:/[\\d-]+)?|/spec)"',
  ].join('|'),
);

/** What there was before an object was created. */
const NOTHING: JsonObject = {};

/** Policies and bindings that are remembered of one namespace. */
const JUDGES_MAX = 32;

/** What was known just before a request of its namespace, and of the objects in it. */
export interface Past extends Objects {
  readonly namespace: Known;
  /** Whether the namespace had these labels before those that it has now. */
  wasLabelled(labels: Labels): boolean;
  /** The last versions of an object that are remembered, in order. */
  versions(path: string): readonly ObjectVersion[];
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
  #after: string | null | undefined;
  #leftAsItWas: boolean | undefined;
  #connection: Connection | null | undefined;
  #grant: (Grant & Addition) | null | undefined;
  #exposure: Exposure | null | undefined;
  #certificate: CertificateSubject | null | undefined;
  #gatewatch: object | undefined;
  #keywords: readonly string[] | undefined;
  #plainJson: string | null | undefined;

  constructor(request: Request, past: Past) {
    this.request = request;
    this.#past = past;
  }

  field(root: string): unknown {
    if (root !== 'gatewatch') return this.request.field(root);
    this.#gatewatch ??= new GatewatchFields(this);
    return this.#gatewatch;
  }

  keywords(): readonly string[] {
    this.#keywords ??= this.request.keywords();
    return this.#keywords;
  }

  plainJson(): string | undefined {
    this.#plainJson ??= this.request.plainJson?.() ?? null;
    return this.#plainJson ?? undefined;
  }

  lacks(root: string, key: string): boolean {
    return root === 'annotations' && !this.request.mayHaveAnnotation(key);
  }

  trait(field: Trait): TraitOf {
    return traitOf(this, field);
  }

  get outcome(): Outcome {
    return this.#judged.outcome;
  }

  get admission(): Admission {
    this.#admission ??= admissionOf(this.request, this.#judged);
    return this.#admission;
  }

  get #judged(): Verdict {
    this.#verdict ??= verdictOf(this.request);
    return this.#verdict;
  }

  /** The part that is remembered of the object as it was before the request; a review brings it along. */
  get before(): JsonObject | undefined {
    if (this.#before === undefined) this.#before = remembered(this.#textBefore) ?? null;
    return this.#before ?? undefined;
  }

  /** The same in JSON. */
  get #textBefore(): string | undefined {
    const { ref, source, oldObject } = this.request;
    if (source === 'review') return JSON.stringify(trimmed(oldObject, ref));
    return this.#past.object(objectPath(ref.resource, this.objectName))?.body;
  }

  /** JSON of the same part of the object as the request leaves it, or tried to; undefined where it is not known whole. */
  get after(): string | undefined {
    if (this.#after === undefined) {
      const { object, whole } = this.written ?? {};
      this.#after = (whole && JSON.stringify(trimmed(object, this.request.ref))) || null;
    }
    return this.#after ?? undefined;
  }

  /** The same part of the last object of its name, if that was deleted. */
  get former(): JsonObject | undefined {
    const { ref } = this.request;
    const versions = this.#past.versions(objectPath(ref.resource, this.objectName));
    if (versions.at(-1)?.body) return undefined;
    return remembered(versions.findLast(({ body }) => body)?.body);
  }

  /** The object as the request leaves it, or tried to. */
  get written(): WrittenObject | undefined {
    if (this.#written === undefined)
      this.#written = writtenObject(this.request, this.outcome, () => this.before) ?? null;
    return this.#written ?? undefined;
  }

  /** True if what is remembered of the object is the same after the write: it was applied again, scaled, or only its status written. */
  get leftAsItWas(): boolean {
    this.#leftAsItWas ??= this.#leavesAsItWas();
    return this.#leftAsItWas;
  }

  #leavesAsItWas(): boolean {
    if (creates(this.request)) return false;
    const before = this.#textBefore;
    return before !== undefined && this.after === before;
  }

  get pod(): WrittenPod | undefined {
    if (this.#pod === undefined) {
      const pod = writtenPod(this.request, this.outcome, () => this.written);
      this.#pod = pod && !this.leftAsItWas ? pod : null;
    }
    return this.#pod ?? undefined;
  }

  get podSecurity(): PodSecurity | undefined {
    if (this.pod) this.#podSecurity ??= podSecurityOf(this.request, this.pod);
    return this.#podSecurity;
  }

  /** The level that the namespace was known to be held to, where a pod shows that it is held to a lower one: what lowered it was not recorded. */
  get levelLoweredFrom(): string | undefined {
    const held = enforcedPolicy(this.request)?.split(':')[0];
    const { enforce } = this.#past.namespace;
    return held && strictness(held) < strictness(enforce) ? enforce : undefined;
  }

  get namespaceChange(): NamespaceChange | undefined {
    if (this.#namespace === undefined) {
      const { request } = this;
      const change = mayChangeNamespace(request)
        ? namespaceChange(request, this.outcome, this.#past.namespace)
        : undefined;
      const { relabelled, labels_after } = change ?? {};
      const isBack = relabelled && labels_after && this.#past.wasLabelled(labels_after);
      this.#namespace = change ? { ...change, ...(isBack && { put_back: true }) } : null;
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
      const isWritten = mayGrant(this.request) && !leavesGrant(this.request);
      const written = isWritten ? this.written : undefined;
      const grant = written && this.#grantOf(written.object);
      const before = creates(this.request) ? undefined : this.before;
      this.#grant = grant ? { ...grant, ...(before && additionTo(this.#grantOf(before), grant)) } : null;
    }
    return this.#grant ?? undefined;
  }

  #grantOf(object: unknown): Grant {
    return grantOf(this.request.ref, object, (kind, name) => this.#roleNamed(kind, name));
  }

  /** How a Service, Ingress, Gateway or route is exposed as the request leaves it, or tried to; undefined if it was so before. */
  get exposure(): Exposure | undefined {
    if (this.#exposure === undefined) {
      const written = mayExpose(this.request) ? this.written : undefined;
      const before = creates(this.request) ? undefined : this.before;
      this.#exposure = (written && exposureOf(this.request, written, before)) ?? null;
    }
    return this.#exposure ?? undefined;
  }

  #roleNamed(kind: string, name: string): unknown {
    const resource = kind === 'Role' ? 'roles' : 'clusterroles';
    return remembered(this.#past.object(objectPath(resource, name))?.body);
  }

  get certificate(): CertificateSubject | undefined {
    if (this.#certificate === undefined) this.#certificate = certificateSubject(this.request) ?? null;
    return this.#certificate ?? undefined;
  }

  /** What the request does to admission control itself. */
  get policy(): PolicyChange | undefined {
    if (this.#policy === undefined) this.#policy = this.#policyChange() ?? null;
    return this.#policy ?? undefined;
  }

  #policyChange(): PolicyChange | undefined {
    const change = policyChange(this.request, () => this);
    const { verb } = this.request;
    if (change?.effect === 'unclear' && (verb === 'update' || verb === 'patch') && this.#isPutBack())
      return putBack(change);
    if (change?.effect !== 'weakened') return change;
    const { request } = this;
    const before = creates(request) ? (this.former ?? NOTHING) : this.before;
    const after = request.verb.startsWith('delete') ? undefined : this.written?.object;
    const versions = { before, after, likened: this.#asItWasScoped };
    return { ...change, ...weakenedIn(request.ref, versions, (resource) => this.#seen(resource)) };
  }

  /** Whether the write leaves the object as one did that came before the last. */
  #isPutBack(): boolean {
    const { after } = this;
    const path = objectPath(this.request.ref.resource, this.objectName);
    const earlier = this.#past.versions(path).slice(0, -1);
    return after !== undefined && earlier.some(({ body }) => body === after);
  }

  /** Of an object that was never seen before: as a patch leaves it that says nothing of namespaces. */
  get #asItWasScoped(): unknown {
    const { verb, requestObject } = this.request;
    const isTold = verb === 'patch' && !SCOPING.test(JSON.stringify(requestObject ?? 'selector'));
    return isTold && this.written?.whole ? this.written.object : undefined;
  }

  #seen(resource: string): ReadonlyMap<string, JsonObject | undefined> | undefined {
    const beginning = objectPath(resource, '');
    const seen = new Map<string, JsonObject | undefined>();
    // In an order that does not depend on which of them arrived first.
    for (const path of [...this.#past.paths].sort())
      if (path.startsWith(beginning))
        seen.set(path.slice(beginning.length), remembered(this.#past.object(path)?.body));
    return seen.size > 0 ? seen : undefined;
  }

  /** Labels of the namespace that the object is in, as they were last seen before the request. */
  get namespaceLabels(): Readonly<Record<string, string>> | undefined {
    return this.#past.namespace.labels;
  }

  /** Admission policies and bindings that are known to have a say in the namespace of the request, by what they said of it or of one before. */
  get judges(): readonly string[] {
    const known = stringsOf(remembered(this.#past.object(JUDGES)?.body)?.judges, JUDGES_MAX);
    const own = this.ownJudges;
    return own.length === 0 ? known : [...new Set([...known, ...own])].slice(0, JUDGES_MAX);
  }

  /** Those that speak of this request. */
  get ownJudges(): readonly string[] {
    return judgesIn(this.request, this.#judged.denial);
  }

  /** What kind of identity asked. A pod that a controller makes has an owner; one without is made by somebody who has its token. */
  get actorKind(): ActorKind {
    const { request } = this;
    const { kind } = request.caller;
    if (kind !== 'controller' || request.ref.resource !== 'pods' || !creates(request)) return kind;
    const { metadata } = this.#answeredOrAsked;
    return metadata !== undefined && at(metadata, 'ownerReferences') === undefined ? 'service-account' : kind;
  }

  /** Who asked, and who is behind it. */
  get actor(): Actor {
    if (!this.#actor) {
      const { request, actorKind: kind } = this;
      const path = objectPath(request.ref.resource, this.objectName);
      this.#actor = attribute(request, kind, path, this.#past);
    }
    return this.#actor;
  }

  /** What of level baseline the pod violates as it was persisted and did not as it was asked for: what a mutation put in. */
  get injected(): readonly Violation[] {
    const { request } = this;
    if (!creates(request) || this.outcome !== 'admitted') return [];
    return this.#violationsSince(() => podOf(request.requestObject, request.ref.resource));
  }

  /** What of level baseline the pod violates and the object did not before this write; nothing where that is not known. */
  get added(): readonly Violation[] {
    return this.#violationsSince(() => this.podBefore);
  }

  /** The pod or template that an update, patch or debug container changes, as it was; undefined where it was never seen. */
  get podBefore(): PodLocation | undefined {
    if (creates(this.request)) return undefined;
    const { ref } = this.request;
    const known = podOf(this.before, ref.resource);
    if (known || ref.subresource !== 'ephemeralcontainers') return known;
    // Nothing else of a pod can change with it.
    const answered = podOf(this.request.responseObject, ref.resource);
    if (!answered || !isObject(answered.spec)) return undefined;
    const { ephemeralContainers, ...spec } = answered.spec;
    return { ...answered, spec };
  }

  /** Baseline violations of the pod whose checks another one passes; that is asked for only if there are any. */
  #violationsSince(otherOf: () => PodLocation | undefined): readonly Violation[] {
    const { request, podSecurity } = this;
    const other = podSecurity?.baseline && otherOf();
    if (!other || !podSecurity?.baseline) return [];
    const before = podSecurityOf(request, { ...other, complete: false }).baseline ?? [];
    return podSecurity.baseline.filter(({ check }) => !before.some((one) => one.check === check));
  }

  /** The object's name; with generateName it is only in the answer, of a refused one in its details. */
  get objectName(): string {
    const { request } = this;
    const name = this.#ownName;
    if (name !== '' || (request.code ?? 0) < 400) return name;
    return stringOf(at(request.status, 'details', 'name')) ?? '';
  }

  /**
   * The object's uid: of a creation the same in its audit event, the observer's review and what engines say of it. What is refused has one only there,
   * since a client's own is not the object's.
   */
  get objectUid(): string | undefined {
    const { request } = this;
    const object =
      request.source === 'review' ? request.requestObject : answeredMetadata(request.responseObject);
    return stringOf(at(object, 'metadata', 'uid'));
  }

  /** The object as it was answered, else as it was asked for: one body is decoded where the other would say the same. */
  get #answeredOrAsked(): JsonObject {
    const { request } = this;
    return answeredMetadata(request.responseObject) ?? objectOf(request.requestObject) ?? {};
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
    const { ref, requestObject, responseObject, receivedSeconds } = this.request;
    const after = at(responseObject, 'metadata', 'resourceVersion');
    if (typeof after === 'string' && at(requestObject, 'metadata', 'resourceVersion') === after) return false;
    const isDated = changesOf(responseObject).times.length > 0;
    // Of a workload the template is all that is remembered: its scale or schedule may have changed.
    if ((!isDated || !hasTemplate(ref.resource)) && this.leftAsItWas) return false;
    return !isDated || changedSince(responseObject, receivedSeconds);
  }

  /** What an object's retries and siblings have in common: its owner, else the prefix its name is generated from, else its name. */
  get objectSeries(): string {
    const { request } = this;
    if (!holdsObject(request)) return this.#ownName;
    const { metadata } = this.#answeredOrAsked;
    const owner = listOf(member(metadata, 'ownerReferences'))[0];
    const ownerName = stringOf(member(owner, 'name'));
    if (ownerName !== undefined) return `${stringOf(member(owner, 'kind')) ?? 'owner'}/${ownerName}`;
    return stringOf(member(metadata, 'generateName')) ?? this.#ownName;
  }
}

/** An object from what is remembered of it. */
function remembered(body: string | undefined): JsonObject | undefined {
  return body === undefined ? undefined : objectOf(parseUntrusted(body));
}
