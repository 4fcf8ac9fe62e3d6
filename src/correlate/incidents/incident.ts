import type { Incident, IncidentMember } from '../../record/alert.ts';
import { contentId } from '../../record/record.ts';
import { type EventTime, formatEventTime } from '../../record/time.ts';
import type { IncidentActor } from './actor.ts';
import { storyOf } from './story.ts';
import type { Told } from './told.ts';

/** Alerts listed in an incident. */
const MEMBERS_MAX = 20;

/** What parts one incident of an actor from the next. */
export interface Bounds {
  /** An alert that begins longer than this after everything before has ended, microseconds, begins another incident. */
  readonly pause: number;
  /** So does one that would be one more than this. */
  readonly alertsMax: number;
}

/** Consecutive alerts of one actor. */
export interface Run {
  readonly alerts: readonly Told[];
  /** The latest end of it and all runs before it. */
  readonly end: EventTime;
}

/**
 * Parts the alerts of an actor.
 * @param sorted in the order of `inOrder` @param endBefore latest end of runs before the first of them
 */
export function runsOf(
  sorted: readonly Told[],
  { pause, alertsMax }: Bounds,
  endBefore = Number.NEGATIVE_INFINITY,
): Run[] {
  const runs: Run[] = [];
  let end = endBefore;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    do end = Math.max(end, sorted[to++]!.end);
    while (to < sorted.length && to - from < alertsMax && sorted[to]!.start <= end + pause);
    runs.push({ alerts: sorted.slice(from, to), end });
    from = to;
  }
  return runs;
}

/** The incident that a run is; undefined for one alert alone. */
export function incidentOf({ cluster, name, address }: IncidentActor, { alerts }: Run): Incident | undefined {
  if (alerts.length < 2) return undefined;
  const [first] = alerts;
  const worst = alerts.reduce((worst, told) => (told.severity > worst.severity ? told : worst));
  const end = alerts.reduce((latest, told) => Math.max(latest, told.end), first!.end);
  return {
    id: contentId('incident', cluster, name, address ?? '', first!.id),
    count: alerts.length,
    level: worst.level,
    start: formatEventTime(first!.start),
    end: formatEventTime(end),
    message: storyOf({ cluster, name, ...(address === undefined ? {} : { address }) }, alerts),
    members: firstAndLast(alerts).map(memberOf),
  };
}

function firstAndLast(alerts: readonly Told[]): readonly Told[] {
  const half = MEMBERS_MAX / 2;
  return alerts.length <= MEMBERS_MAX ? alerts : [...alerts.slice(0, half), ...alerts.slice(-half)];
}

function memberOf({ id, rule, level, outcome, start }: Told): IncidentMember {
  return { id, rule, level, outcome, time: formatEventTime(start) };
}
