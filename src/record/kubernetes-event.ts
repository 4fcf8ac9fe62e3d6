/** What an Event refers to. Each member is what the Event says, of whatever type it is there. */
export interface EventReference {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly namespace?: unknown;
  readonly name?: unknown;
  readonly uid?: unknown;
}

/** A Kubernetes Event, read alike in the layouts of core/v1 and of events.k8s.io/v1. */
export interface KubernetesEvent {
  /** Component that reports it. */
  readonly reporter: unknown;
  readonly reason: unknown;
  readonly action: unknown;
  /** The text: `note`, in core/v1 `message`. */
  readonly note: unknown;
  /** `regarding`, in core/v1 `involvedObject`. */
  readonly regarding: EventReference;
  readonly related: EventReference | undefined;
  readonly annotations: Readonly<Record<string, unknown>>;
  /** When it was last observed. */
  readonly time: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads an Event by the members that its two layouts have (k8s.io/api core/v1 and events/v1, types.go). Within a list it has neither
 * kind nor apiVersion.
 * @returns undefined for an object that is none
 */
export function kubernetesEvent(value: unknown): KubernetesEvent | undefined {
  const event = objectOf(value);
  const regarding = objectOf(event?.regarding) ?? objectOf(event?.involvedObject);
  if (!event || !regarding) return undefined;
  const { metadata, series, related, eventTime } = event;
  const source = objectOf(event.source) ?? objectOf(event.deprecatedSource);
  return {
    reporter: event.reportingController || event.reportingComponent || source?.component,
    reason: event.reason,
    action: event.action,
    note: event.note ?? event.message,
    regarding,
    related: objectOf(related),
    annotations: objectOf(objectOf(metadata)?.annotations) ?? {},
    time:
      objectOf(series)?.lastObservedTime ??
      eventTime ??
      event.lastTimestamp ??
      event.deprecatedLastTimestamp ??
      objectOf(metadata)?.creationTimestamp,
  };
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
