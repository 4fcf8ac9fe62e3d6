import type { Alert, Incident } from '../../record/alert.ts';
import { type EventTime, parseEventTime, SECOND } from '../../record/time.ts';
import { type IncidentActor, incidentActor } from './actor.ts';
import { incidentOf, type Run, runsOf } from './incident.ts';
import { inOrder, type Told, toldOf } from './told.ts';

/** Limits of incidents; each is a key of the configuration, under `correlate` but for the last, which is under `index`. */
export interface IncidentLimits {
  readonly incident_seconds: number;
  readonly incident_alerts_max: number;
  readonly lateness_seconds: number;
  readonly lateness_review_seconds: number;
  readonly incident_bytes_max: number;
}

/** Told when a limit is reached, so that it is counted. */
export type IncidentLimitReached = (limit: 'incident_alerts_max' | 'incident_bytes_max') => void;

/** How the keeper keeps house; only tests have a reason to change it. */
export interface IncidentHousekeeping {
  /** How many alerts must have followed before one may be forgotten: a stage that is killed repeats what it said of a batch. */
  readonly offsetsKept: number;
  /** What is held is looked through after as many alerts as were left, and at least this many. */
  readonly sweepEvery: number;
  /** How far back a restart reads at most. An actor with alerts without a pause for longer than this may begin another incident after one. */
  readonly offsetsRestored: number;
}

const HOUSEKEEPING: IncidentHousekeeping = { offsetsKept: 2000, sweepEvery: 1000, offsetsRestored: 100_000 };

/** Bytes that an alert takes beside its document, about. */
const HELD_BYTES = 512;

/** The latest version of an alert. */
interface Held {
  readonly version: number;
  readonly offset: number;
  /** Where a version of it last stood. */
  seen: number;
  readonly group: Group;
  /** Absent if it can join no incident. */
  readonly told?: Told;
  /** When what it rests on ended. */
  readonly end: EventTime;
  /** The document as JSON, which takes a part of the memory that the object would; only if it may be put again. */
  readonly document?: Buffer;
  /** The incident as it was last said of it, as text; '' for none; undefined before anything was said. */
  said: string | undefined;
}

/** The alerts of one actor, or an alert that is nobody's. */
interface Group {
  readonly key: string;
  readonly cluster: string;
  readonly actor: IncidentActor | undefined;
  readonly held: Map<string, Held>;
  /** Offset from which its alerts tell where its incidents begin. */
  since: number;
  /** Where its last alert stood. */
  newest: number;
  /** Latest end of what was forgotten: it may reach over what is held. */
  forgottenEnd: EventTime;
  /** Until when its alerts have to be told apart from where they are read now: the latest end of what was forgotten or passed over. */
  boundUntil: EventTime;
  isFull: boolean;
}

/**
 * Brings the alerts of one actor together. Which incident an alert is in is a pure function of the latest versions of all alerts; the
 * keeper only remembers what it said last, to say no more than what has changed.
 *
 * It has to see all alerts of a cluster: an alert whose author is learnt later leaves one actor for another, and both are to be told anew. That is
 * why the topic `alerts` is partitioned by cluster and not by actor.
 */
export class IncidentKeeper {
  readonly #limits: IncidentLimits;
  /** Longest time that an alert may span, microseconds: so long after its beginning it may change, and so long before its end it may begin. */
  readonly #span: () => number;
  readonly #limitReached: IncidentLimitReached;
  readonly #house: IncidentHousekeeping;
  readonly #alerts = new Map<string, Held>();
  /** In order of last change. */
  readonly #groups = new Map<string, Group>();
  readonly #dirty = new Set<Group>();
  /** Alerts of nobody, as they came since the last call of `take`. */
  readonly #plain = new Map<string, Alert>();
  /** Latest event time by cluster; as many entries as clusters send. */
  readonly #watermarks = new Map<string, EventTime>();
  #bytes = 0;
  #newest = 0;
  #sinceSweep = 0;
  #heldAtSweep = 0;
  #restoreFrom: number | undefined;

  constructor(
    limits: IncidentLimits,
    span: () => number,
    limitReached: IncidentLimitReached,
    housekeeping = HOUSEKEEPING,
  ) {
    this.#limits = limits;
    this.#span = span;
    this.#limitReached = limitReached;
    this.#house = housekeeping;
  }

  /** How many alerts are held. */
  get alerts(): number {
    return this.#alerts.size;
  }

  /** Lowest offset that open incidents rest on; absent if they rest on nothing. */
  get restoreFrom(): number | undefined {
    return this.#restoreFrom;
  }

  /** Takes in one version of an alert. @param offset its place in the log */
  add(given: Alert, offset: number): void {
    const alert = withoutIncident(given);
    const { id } = alert.event;
    this.#newest = Math.max(this.#newest, offset);
    this.#sinceSweep++;
    const known = this.#alerts.get(id);
    const actor = incidentActor(alert);
    const told = actor && toldOf(alert);
    const cluster = alert.orchestrator.cluster.name;
    const watermark = this.#watermarks.get(cluster) ?? 0;
    const end = told?.end ?? parseEventTime(alert.event.end) ?? watermark;
    if (known && known.version > alert.gatewatch.version) {
      known.seen = offset;
      if (told) this.#passOver(told, this.#touch(JSON.stringify(actor), cluster, actor, offset), known);
      return;
    }
    if (end > watermark) this.#watermarks.set(cluster, end);
    if (known) this.#remove(id, known);
    const group = this.#touch(told ? JSON.stringify(actor) : id, cluster, told && actor, offset);
    const document = told && Buffer.from(JSON.stringify(alert));
    const held: Held = {
      version: alert.gatewatch.version,
      offset,
      seen: offset,
      group,
      end,
      said: undefined,
      ...(told ? { told, document: document! } : {}),
    };
    this.#alerts.set(id, held);
    group.held.set(id, held);
    this.#bytes += bytesOf(held);
    this.#restoreFrom ??= offset;
    if (told) {
      this.#plain.delete(id);
      this.#dirty.add(group);
    } else this.#plain.set(id, alert);
  }

  /** What is to be stored since the last call: alerts that are new or revised, and those whose incident has changed. */
  take(): Alert[] {
    const alerts = [...this.#plain.values()];
    this.#plain.clear();
    for (const group of this.#dirty) alerts.push(...this.#speak(group));
    this.#dirty.clear();
    if (this.#sinceSweep >= Math.max(this.#house.sweepEvery, this.#heldAtSweep)) this.#sweep();
    this.#shrink();
    return alerts;
  }

  *#speak(group: Group): Iterable<Alert> {
    const { alertsMax } = this.#bounds;
    const runs = this.#runsOf(group);
    for (const run of runs) {
      const incident = incidentOf(group.actor!, run);
      const text = incident === undefined ? '' : JSON.stringify(incident);
      for (const { id } of run.alerts) {
        const held = group.held.get(id)!;
        if (held.said === text) continue;
        held.said = text;
        yield this.#placed(held, incident);
      }
    }
    const isFull = runs.some(({ alerts }) => alerts.length === alertsMax);
    if (isFull && !group.isFull) this.#limitReached('incident_alerts_max');
    group.isFull = isFull;
  }

  /**
   * The document of an alert in its incident. What an incident is at a place in the log is the same wherever it is computed: so of two
   * processes that overlap, the one that is behind cannot have the last word.
   */
  #placed({ document }: Held, incident: Incident | undefined): Alert {
    const alert = JSON.parse(document!.toString()) as Alert;
    const placed = { ...(incident ? { incident } : {}), incident_version: this.#newest + 1 };
    return { ...alert, gatewatch: { ...alert.gatewatch, ...placed } };
  }

  /** Whoever reads an old version again, for this actor, has to read the newer one before it as well. */
  #passOver({ end }: Told, group: Group, { offset }: Held): void {
    group.since = Math.min(group.since, offset);
    group.boundUntil = Math.max(group.boundUntil, end);
  }

  get #bounds(): { pause: EventTime; alertsMax: number } {
    const { incident_seconds, incident_alerts_max } = this.#limits;
    return { pause: incident_seconds * SECOND, alertsMax: incident_alerts_max };
  }

  #runsOf({ held, forgottenEnd }: Group): Run[] {
    const told = Array.from(held.values(), (each) => each.told!);
    return runsOf(told.sort(inOrder), this.#bounds, forgottenEnd);
  }

  #touch(key: string, cluster: string, actor: IncidentActor | undefined, offset: number): Group {
    const group: Group = this.#groups.get(key) ?? {
      key,
      cluster,
      actor,
      held: new Map(),
      since: offset,
      newest: offset,
      forgottenEnd: Number.NEGATIVE_INFINITY,
      boundUntil: Number.NEGATIVE_INFINITY,
      isFull: false,
    };
    group.newest = offset;
    this.#groups.delete(key);
    this.#groups.set(key, group);
    return group;
  }

  #remove(id: string, held: Held): void {
    const { group } = held;
    this.#alerts.delete(id);
    group.held.delete(id);
    this.#bytes -= bytesOf(held);
    if (group.actor) this.#dirty.add(group);
    else this.#groups.delete(group.key);
  }

  /** Lets the actors go that have been quiet for longest until the rest has room. */
  #shrink(): void {
    while (this.#bytes > this.#limits.incident_bytes_max) {
      const [group] = this.#groups.values();
      this.#forget(group!);
      this.#limitReached('incident_bytes_max');
    }
  }

  #forget(group: Group): void {
    for (const [id, held] of group.held) {
      this.#alerts.delete(id);
      this.#bytes -= bytesOf(held);
    }
    this.#groups.delete(group.key);
  }

  /** Forgets what has passed: nothing that may still arrive can join, change or repeat it. */
  #sweep(): void {
    let lowest = Number.POSITIVE_INFINITY;
    const floor = this.#newest - this.#house.offsetsRestored;
    const { lateness_seconds, lateness_review_seconds } = this.#limits;
    const back = Math.max(lateness_seconds, lateness_review_seconds) * SECOND + this.#span();
    for (const group of this.#groups.values()) {
      const passed = (this.#watermarks.get(group.cluster) ?? 0) - back;
      if (group.newest < floor || this.#hasPassed(group, passed)) this.#forget(group);
      else lowest = Math.min(lowest, group.since);
    }
    this.#restoreFrom = lowest === Number.POSITIVE_INFINITY ? undefined : Math.max(lowest, floor);
    this.#sinceSweep = 0;
    this.#heldAtSweep = this.#alerts.size;
  }

  /** Forgets the incidents of a group before which nothing can begin any more. @returns whether what follows cannot depend on it */
  #hasPassed(group: Group, passed: EventTime): boolean {
    const recent = this.#newest - this.#house.offsetsKept;
    const { pause, alertsMax } = this.#bounds;
    if (!group.actor) {
      const [held] = group.held.values();
      return held!.seen < recent && held!.end < passed;
    }
    for (const run of this.#runsOf(group)) {
      const { alerts, end } = run;
      // The pause before it is certain: where it begins does not depend on what came before.
      if (alerts[0]!.start > group.boundUntil + pause && group.boundUntil + pause < passed)
        group.since = lowestOffset(group.held.values());
      const isClosed = end + pause < passed || (alerts.length === alertsMax && alerts.at(-1)!.start < passed);
      if (!isClosed || alerts.some(({ id }) => group.held.get(id)!.seen >= recent)) return false;
      for (const { id } of alerts) {
        this.#bytes -= bytesOf(group.held.get(id)!);
        this.#alerts.delete(id);
        group.held.delete(id);
      }
      group.forgottenEnd = end;
      group.boundUntil = Math.max(group.boundUntil, end);
    }
    return group.boundUntil + pause < passed;
  }
}

function lowestOffset(held: Iterable<Held>): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const { offset } of held) lowest = Math.min(lowest, offset);
  return lowest;
}

function bytesOf({ document }: Held): number {
  return HELD_BYTES + (document?.length ?? 0);
}

/** A dead letter that is taken up again has that of when it was refused. */
function withoutIncident(alert: Alert): Alert {
  if (alert.gatewatch.incident_version === undefined) return alert;
  const { incident, incident_version, ...gatewatch } = alert.gatewatch;
  return { ...alert, gatewatch };
}
