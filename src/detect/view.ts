import type { Admission, NamespaceChange, PodSecurity, Violation } from '../record/signal.ts';
import { type ActorKind, actorKind } from './actor.ts';
import { admissionOf } from './admission/admission.ts';
import { at, listOf, stringOf, stringsOf } from './decode/json.ts';
import { creates, type Request } from './decode/request.ts';
import { namespaceChange } from './namespace/change.ts';
import { changedSince } from './namespace/label-patch.ts';
import type { Known } from './namespace/posture.ts';
import { podOf } from './podsecurity/pod-template.ts';
import { DerivedFields, type EventFields } from './sigma/event.ts';
import { podSecurityOf, satisfiedLevel } from './workload/pod-security.ts';
import { type WrittenPod, writtenPod } from './workload/written-pod.ts';

/**
 * What Gatewatch adds to a request for rules to read, under `gatewatch.*` (docs/rules.md lists the fields). Everything is
 * worked out when first asked for: most requests are asked for nothing.
 */
export class EventView implements EventFields {
  readonly request: Request;
  readonly #known: () => Known;
  #admission: Admission | undefined;
  #pod: WrittenPod | null | undefined;
  #podSecurity: PodSecurity | undefined;
  #namespace: NamespaceChange | null | undefined;
  #gatewatch: object | undefined;

  /** @param known what was known of the namespace before the request; asked for only by what changes it */
  constructor(request: Request, known: () => Known) {
    this.request = request;
    this.#known = known;
  }

  field(root: string): unknown {
    if (root !== 'gatewatch') return this.request.field(root);
    this.#gatewatch ??= new GatewatchFields(this);
    return this.#gatewatch;
  }

  keywords(): Iterable<string> {
    return this.request.keywords();
  }

  get admission(): Admission {
    this.#admission ??= admissionOf(this.request);
    return this.#admission;
  }

  get pod(): WrittenPod | undefined {
    if (this.#pod === undefined) this.#pod = writtenPod(this.request, this.admission.outcome) ?? null;
    return this.#pod ?? undefined;
  }

  get podSecurity(): PodSecurity | undefined {
    if (this.pod) this.#podSecurity ??= podSecurityOf(this.request, this.pod);
    return this.#podSecurity;
  }

  get namespaceChange(): NamespaceChange | undefined {
    if (this.#namespace === undefined) {
      this.#namespace = namespaceChange(this.request, this.admission.outcome, this.#known()) ?? null;
    }
    return this.#namespace ?? undefined;
  }

  /** What kind of identity asked. A pod that a controller makes has an owner; one without is made by somebody who has its token. */
  get actorKind(): ActorKind {
    const { ref, requestObject, user, verb } = this.request;
    const kind = actorKind(user);
    if (kind !== 'controller' || ref.resource !== 'pods' || verb !== 'create' || !requestObject) return kind;
    return at(requestObject, 'metadata', 'ownerReferences') === undefined ? 'service-account' : kind;
  }

  /** Baseline checks that the pod violates as it was persisted and did not as it was asked for: what a mutation put in. */
  get injected(): readonly Violation[] {
    const { request, podSecurity } = this;
    if (!podSecurity?.baseline || !creates(request) || this.admission.outcome !== 'admitted') return [];
    const asked = podOf(request.requestObject, request.ref.resource);
    if (!asked) return [];
    const before = new Set(
      podSecurityOf(request, { ...asked, complete: false }).baseline?.map(({ check }) => check),
    );
    return podSecurity.baseline.filter(({ check }) => !before.has(check));
  }

  /** The object's name; with generateName it is only in the answer, of a refused one in its details. */
  get objectName(): string {
    const refused = at(this.request.field('responseStatus'), 'details', 'name');
    return this.#ownName || (stringOf(refused) ?? '');
  }

  get #ownName(): string {
    const { ref, responseObject, requestObject } = this.request;
    if (ref.name !== '') return ref.name;
    const answered =
      at(responseObject, 'kind') === 'Status' ? undefined : at(responseObject, 'metadata', 'name');
    return stringOf(answered) ?? stringOf(at(requestObject, 'metadata', 'name')) ?? '';
  }

  /** The namespace that the request concerns; a Namespace is its own. */
  get objectNamespace(): string {
    return this.request.ref.resource === 'namespaces' ? this.objectName : this.request.ref.namespace;
  }

  /** False if the answer shows that the write left the object as it was: a repeated apply, an update with nothing new. */
  get objectChanged(): boolean {
    const { verb, requestObject, responseObject, receivedSeconds } = this.request;
    if (verb !== 'update' && verb !== 'patch') return true;
    const after = at(responseObject, 'metadata', 'resourceVersion');
    if (typeof after === 'string' && at(requestObject, 'metadata', 'resourceVersion') === after) return false;
    return (
      responseObject === undefined || responseObject === null || changedSince(responseObject, receivedSeconds)
    );
  }

  /** What an object's retries and siblings have in common: its owner, else the prefix its name is generated from, else its name. */
  get objectSeries(): string {
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
  get dry_run() {
    return this.#view.request.dryRun;
  }
  get outcome() {
    return this.#view.admission.outcome;
  }
  get admission() {
    return this.#view.admission;
  }
  get actor() {
    return { kind: this.#view.actorKind };
  }
  get object() {
    return new ObjectFields(this.#view);
  }
  get pod() {
    const { pod } = this.#view;
    return pod && podFields(pod);
  }
  get pod_security() {
    const { podSecurity, injected } = this.#view;
    if (!podSecurity) return undefined;
    return {
      ...podSecurity,
      level: satisfiedLevel(podSecurity),
      ...(injected.length > 0 ? { injected } : {}),
    };
  }
  get namespace() {
    return this.#view.namespaceChange;
  }
  get redacted() {
    return this.#view.request.record.redacted;
  }
  get limits() {
    return this.#view.request.limits;
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
}

function podFields(pod: WrittenPod): object {
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
    listOf(at(pod.spec, list)),
  );
  return {
    complete: pod.complete,
    image: containers.map((container) => at(container, 'image')),
    command: containers.flatMap(commandLines),
    host_path: listOf(at(pod.spec, 'volumes')).flatMap((volume) => at(volume, 'hostPath', 'path') ?? []),
    service_account: at(pod.spec, 'serviceAccountName'),
  };
}

/** Where else than in its command a container may name something to run. */
const EXECS = [
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
  ['startupProbe'],
  ['livenessProbe'],
  ['readinessProbe'],
];

/** What a container runs, each command with its arguments as one line. */
function commandLines(container: unknown): string[] {
  const main = [...stringsOf(at(container, 'command')), ...stringsOf(at(container, 'args'))];
  const others = EXECS.map((path) => stringsOf(at(container, ...path, 'exec', 'command')));
  return [main, ...others].filter((words) => words.length > 0).map((words) => words.join(' '));
}
