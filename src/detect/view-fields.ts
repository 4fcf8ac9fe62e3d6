import type { PodSecurity } from '../record/signal.ts';
import { observerOf } from './admission/observer.ts';
import { serviceAccountOf } from './caller/service-account.ts';
import { anyOf } from './decode/json.ts';
import { DerivedFields } from './sigma/event.ts';
import type { EventView } from './view.ts';
import { PodFields } from './workload/pod-fields.ts';
import { enforcedPolicy, satisfiedLevel } from './workload/pod-security.ts';
import { mayWritePod } from './workload/written-pod.ts';

/** What the path `gatewatch.…` walks. */
export class GatewatchFields extends DerivedFields {
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
    return this.#view.request.caller.client;
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
  /** Of a pod whose spec was not recorded the level is known that it was held to. */
  get pod_security() {
    const { podSecurity, request } = this.#view;
    const isHeld = podSecurity || (mayWritePod(request) && enforcedPolicy(request) !== undefined);
    return isHeld ? new PodSecurityFields(this.#view, podSecurity) : undefined;
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
  get decision() {
    return this.#view.request.engineDecision;
  }
  get observer() {
    return observerOf(this.#view.request);
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
  get namespace() {
    return serviceAccountOf(this.#view.request.caller.name)?.namespace;
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
  readonly #security: PodSecurity | undefined;

  constructor(view: EventView, security: PodSecurity | undefined) {
    super();
    this.#view = view;
    this.#security = security;
  }

  get enforced() {
    return enforcedPolicy(this.#view.request);
  }
  get level() {
    return this.#security && satisfiedLevel(this.#security);
  }
  get baseline() {
    return this.#security?.baseline;
  }
  get restricted() {
    return this.#security?.restricted;
  }
  get lowered_from() {
    return this.#view.levelLoweredFrom;
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
  get uid() {
    return this.#view.objectUid;
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
