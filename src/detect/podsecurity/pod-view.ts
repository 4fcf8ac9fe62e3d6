import { arrayOf, type JsonObject, objectElement, objectOf, stringElement, stringOf } from './json.ts';

/** A container of any kind, as far as every check needs it. */
interface Container {
  readonly name: string;
  readonly spec: JsonObject;
  readonly securityContext: JsonObject | undefined;
}

/** A pod read once for all checks. */
export interface PodView {
  readonly annotations: ReadonlyMap<string, string>;
  readonly spec: JsonObject;
  readonly securityContext: JsonObject | undefined;
  /** Init, main and ephemeral containers, in this order. */
  readonly containers: readonly Container[];
  /** `spec.os.name` is `windows`. */
  readonly windows: boolean;
  /** `spec.hostUsers` is false: the pod runs in a user namespace of its own, where root is not the node's root. */
  readonly userNamespace: boolean;
}

const NOTHING: JsonObject = {};
const NO_STRINGS: ReadonlyMap<string, string> = new Map();

/**
 * Reads what the checks look at. The order of containers decides the order of names in messages
 * (k8s.io/pod-security-admission/policy, visitor.go; user namespaces: helpers.go).
 */
export function viewOf(pod: { readonly metadata?: unknown; readonly spec?: unknown }): PodView {
  const root = objectOf(pod);
  const spec = objectOf(root?.spec) ?? NOTHING;
  const containers: Container[] = [];
  collect(spec.initContainers, containers);
  collect(spec.containers, containers);
  collect(spec.ephemeralContainers, containers);
  return {
    annotations: stringsOf(objectOf(root?.metadata)?.annotations),
    spec,
    securityContext: objectOf(spec.securityContext),
    containers,
    windows: objectOf(spec.os)?.name === 'windows',
    userNamespace: spec.hostUsers === false,
  };
}

function collect(value: unknown, into: Container[]): void {
  for (const item of arrayOf(value)) {
    const spec = objectElement(item);
    if (spec !== undefined) {
      into.push({ name: stringOf(spec.name), spec, securityContext: objectOf(spec.securityContext) });
    }
  }
}

function stringsOf(value: unknown): ReadonlyMap<string, string> {
  const object = objectOf(value);
  if (object === undefined) return NO_STRINGS;
  const strings = new Map<string, string>();
  for (const key of Object.keys(object)) {
    const text = stringElement(object[key]);
    if (text !== undefined) strings.set(key.toWellFormed(), text);
  }
  return strings;
}
