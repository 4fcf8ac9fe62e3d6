import { anyOf, at, listOf, objectOf, stringOf, stringsOf } from '../decode/json.ts';
import { type ImageReference, imageReference, isUnpinned } from '../image/reference.ts';
import { type PodLocation, serviceAccountOf } from '../podsecurity/pod-template.ts';
import { DerivedFields } from '../sigma/event.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { WrittenPod } from './written-pod.ts';

/** Annotation of a pod that a kubelet reports and runs from a file of its own (k8s.io/kubernetes/pkg/kubelet/types). */
const MIRROR = 'kubernetes.io/config.mirror';

/** What the path `gatewatch.pod.…` walks. */
export class PodFields extends DerivedFields {
  readonly #pod: WrittenPod;
  readonly #before: () => PodLocation | undefined;

  /** @param before the pod or template as it was before the write; undefined where that is not known */
  constructor(pod: WrittenPod, before: () => PodLocation | undefined) {
    super();
    this.#pod = pod;
    this.#before = before;
  }

  get spec() {
    return this.#pod.spec;
  }
  get metadata() {
    return this.#pod.metadata;
  }
  get complete() {
    return this.#pod.complete;
  }
  get mirror() {
    return at(this.#pod.metadata, 'annotations', MIRROR) !== undefined;
  }
  get service_account() {
    return serviceAccountOf(objectOf(this.#pod.spec));
  }
  /** Tells pods apart by what matters for security: the same of the object that a webhook was asked about and of the one that was persisted. */
  get fingerprint() {
    return this.#pod.complete ? fingerprintOf(this.#pod.spec) : undefined;
  }
  get host_path() {
    const volumes = listOf(at(this.#pod.spec, 'volumes'));
    return anyOf(volumes.flatMap((volume) => at(volume, 'hostPath', 'path') ?? []));
  }
  get command() {
    return anyOf(this.#containers.flatMap(commandLines));
  }
  /** Names of containers that the object did not have before. */
  get container_added() {
    const before = this.#before();
    if (!before) return undefined;
    const known = new Set(containerNames(before.spec));
    return anyOf(containerNames(this.#pod.spec).filter((name) => !known.has(name)));
  }
  get image() {
    return anyOf(this.#images);
  }
  get registry() {
    return anyOf(this.#references.map(({ registry }) => registry));
  }
  get repository() {
    return anyOf(this.#references.map(({ repository }) => repository));
  }
  get tag() {
    return anyOf(this.#references.flatMap(({ tag }) => tag ?? []));
  }
  /** Images, as written, that may be others tomorrow. */
  get unpinned() {
    return anyOf(this.#images.filter((image) => isUnpinned(imageReference(image))));
  }

  get #containers(): readonly unknown[] {
    return containersOf(this.#pod.spec);
  }

  get #images(): readonly string[] {
    return this.#containers.flatMap((container) => stringOf(at(container, 'image')) ?? []);
  }

  get #references(): readonly ImageReference[] {
    return this.#images.map(imageReference);
  }
}

function containersOf(spec: unknown): readonly unknown[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => listOf(at(spec, list)));
}

function containerNames(spec: unknown): readonly string[] {
  return containersOf(spec).flatMap((container) => stringOf(at(container, 'name')) ?? []);
}

/** Where else than in its command a container may name something to run. */
const EXECS = [
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
  ['startupProbe'],
  ['livenessProbe'],
  ['readinessProbe'],
];

/** What a container runs, each command with its arguments as one line. However many words stand before it, the last one may be what matters. */
function commandLines(container: unknown): string[] {
  const words = (...path: readonly string[]) => stringsOf(at(container, ...path), Number.POSITIVE_INFINITY);
  const main = [...words('command'), ...words('args')];
  const others = EXECS.map((path) => words(...path, 'exec', 'command'));
  return [main, ...others].filter((line) => line.length > 0).map((line) => line.join(' '));
}
