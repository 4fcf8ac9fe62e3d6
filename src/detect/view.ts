import type { Admission, NamespaceChange, PodSecurity } from '../record/signal.ts';
import { type ActorKind, actorKind } from './actor.ts';
import { admissionOf } from './admission/admission.ts';
import { at, listOf, stringOf, stringsOf } from './decode/json.ts';
import type { Request } from './decode/request.ts';
import { namespaceChange } from './namespace/change.ts';
import { changedSince } from './namespace/label-patch.ts';
import type { Known } from './namespace/posture.ts';
import type { EventFields } from './sigma/event.ts';
import { podSecurityOf, satisfiedLevel } from './workload/pod-security.ts';
import { type WrittenPod, writtenPod } from './workload/written-pod.ts';

const CONTAINERS_MAX = 64;

/**
 * What Gatewatch adds to a request for rules to read, under `gatewatch.*` (docs/rules.md lists the fields). Everything is
 * worked out when first asked for: most requests are asked for nothing.
 */
export class EventView implements EventFields {
  readonly request: Request;
  readonly #known: Known;
  #admission: Admission | undefined;
  #pod: WrittenPod | null | undefined;
  #podSecurity: PodSecurity | undefined;
  #namespace: NamespaceChange | null | undefined;
  #gatewatch: object | undefined;

  constructor(request: Request, known: Known) {
    this.request = request;
    this.#known = known;
  }

  field(root: string): unknown {
    if (root !== 'gatewatch') return this.request.field(root);
    this.#gatewatch ??= gatewatchFields(this);
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
      this.#namespace = namespaceChange(this.request, this.admission.outcome, this.#known) ?? null;
    }
    return this.#namespace ?? undefined;
  }

  get actorKind(): ActorKind {
    return actorKind(this.request.user);
  }

  /** The object's name; with generateName it is only in the answer. */
  get objectName(): string {
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
    return stringOf(at(requestObject, 'metadata', 'generateName')) ?? this.objectName;
  }
}

/** The object that the path `gatewatch.…` walks; getters are own properties, as the walk asks for. */
function gatewatchFields(view: EventView): object {
  const { request } = view;
  return {
    cluster: request.record.cluster,
    source: request.source,
    stage_rank: request.rank,
    dry_run: request.dryRun,
    get outcome() {
      return view.admission.outcome;
    },
    get admission() {
      return view.admission;
    },
    actor: { kind: view.actorKind },
    get object() {
      return {
        name: view.objectName,
        series: view.objectSeries,
        namespace: view.objectNamespace,
        changed: view.objectChanged,
      };
    },
    get pod() {
      return view.pod && podFields(view.pod);
    },
    get pod_security() {
      const security = view.podSecurity;
      return security && { ...security, level: satisfiedLevel(security) };
    },
    get namespace() {
      return view.namespaceChange;
    },
    get redacted() {
      return request.record.redacted;
    },
    get limits() {
      return request.limits;
    },
  };
}

function podFields(pod: WrittenPod): object {
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
    listOf(at(pod.spec, list)).slice(0, CONTAINERS_MAX),
  );
  return {
    complete: pod.complete,
    image: containers.map((container) => at(container, 'image')),
    /** Command and arguments of each container as one line. */
    command: containers.map((container) =>
      [...stringsOf(at(container, 'command')), ...stringsOf(at(container, 'args'))].join(' '),
    ),
    host_path: listOf(at(pod.spec, 'volumes'))
      .slice(0, CONTAINERS_MAX)
      .map((volume) => at(volume, 'hostPath', 'path')),
    service_account: at(pod.spec, 'serviceAccountName'),
  };
}
