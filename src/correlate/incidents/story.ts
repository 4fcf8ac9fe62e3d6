import type { EventTime } from '../../record/time.ts';
import { clean, clock, listed, period } from '../plain-text.ts';
import { singular, withArticle } from '../words.ts';
import type { IncidentActor } from './actor.ts';
import type { Told } from './told.ts';

/** Steps told in one sentence; of more those that weigh most. */
const STEPS_MAX = 6;

/** Length of the sentence from which on fewer steps are told, in characters. */
const CHARS_MAX = 1500;

/** Something that happened at one moment to one object, as often as it happened again to another one before anything else did. */
interface Step {
  /** The rules that tell it, the weightiest of it. */
  readonly rules: readonly string[];
  readonly severity: number;
  readonly from: EventTime;
  /** When the first and the last of it came to be. */
  readonly at: EventTime;
  readonly until: EventTime;
  /** How often, of the one of its weightiest alerts that counts most. */
  readonly times: number;
  readonly alerts: readonly Told[];
}

/**
 * The one sentence of an incident: who, where and when; then step by step what happened. Several rules see one request: that is one step, named by the
 * weightiest of them. An alert is told of where it ended, by when all of a sequence had come true.
 * @param alerts at least one, in order
 */
export function storyOf({ cluster, name, address }: IncidentActor, alerts: readonly Told[]): string {
  const steps = stepsOf(alerts);
  const end = alerts.reduce((latest, each) => Math.max(latest, each.end), alerts[0]!.end);
  const who = address === undefined ? clean(name) : `${clean(name)} from ${clean(address)}`;
  const begin = `${who} in cluster ${clean(cluster)}, ${alerts.length} alerts ${period(alerts[0]!.start, end)}`;
  for (let max = STEPS_MAX; ; max--) {
    const story = `${begin}: ${tell(steps, max)}.`;
    if (story.length <= CHARS_MAX || max === 1) return story;
  }
}

function tell(steps: readonly Step[], max: number): string {
  const told = weightiest(steps, max);
  const parts = told.map((step, index) => `${whenOf(step, told[index - 1])}${tellStep(step)}`);
  const more = steps.length - told.length;
  if (more > 0) parts.push(`and ${more} more ${more === 1 ? 'step' : 'steps'} that weigh less`);
  return `${parts.length > 1 ? 'first ' : ''}${parts.join('; ')}`;
}

function stepsOf(alerts: readonly Told[]): Step[] {
  const moments = Map.groupBy(alerts, ({ end, resource, name, namespace, outcome }) =>
    JSON.stringify([end, resource, name, namespace, outcome]),
  );
  const each = Array.from(moments.values(), momentOf).sort((a, b) => a.at - b.at || a.from - b.from);
  const steps: Step[] = [];
  for (const moment of each) {
    const before = steps.at(-1);
    if (before && isAgain(before, moment)) steps[steps.length - 1] = joined(before, moment);
    else steps.push(moment);
  }
  return steps;
}

function momentOf(alerts: readonly Told[]): Step {
  const severity = Math.max(...alerts.map((told) => told.severity));
  const leading = alerts.filter((told) => told.severity === severity);
  // What took longer to come true says more.
  leading.sort((a, b) => a.start - b.start || (a.rule < b.rule ? -1 : 1));
  const { end } = alerts[0]!;
  return {
    rules: [...new Set(leading.map(({ rule }) => rule))],
    severity,
    from: Math.min(...leading.map(({ start }) => start)),
    at: end,
    until: end,
    times: Math.max(...leading.map(({ count }) => count)),
    alerts,
  };
}

function isAgain(before: Step, moment: Step): boolean {
  const [a, b] = [before.alerts[0]!, moment.alerts[0]!];
  return before.rules.join() === moment.rules.join() && a.resource === b.resource && a.outcome === b.outcome;
}

function joined(before: Step, moment: Step): Step {
  return {
    ...before,
    from: Math.min(before.from, moment.from),
    until: moment.until,
    times: Math.max(before.times, moment.times),
    alerts: [...before.alerts, ...moment.alerts],
  };
}

/** In their order. */
function weightiest(steps: readonly Step[], max: number): readonly Step[] {
  if (steps.length <= max) return steps;
  const wanted = new Set([...steps].sort((a, b) => b.severity - a.severity).slice(0, max));
  return steps.filter((step) => wanted.has(step));
}

function whenOf(step: Step, before: Step | undefined): string {
  if (!before) return '';
  return sameSecond(before.until, step.at) ? 'then ' : `then at ${timeOf(step.at, before)} `;
}

function tellStep(step: Step): string {
  const details = detailsOf(step);
  return `${rulesOf(step)}${details && ` (${details})`}`;
}

function sameSecond(a: EventTime, b: EventTime): boolean {
  return clock(a) === clock(b);
}

/** The time of day; with the day where it is another than before. */
function timeOf(time: EventTime, before: Step | undefined): string {
  const text = clock(time);
  return before && clock(before.until).slice(0, 10) === text.slice(0, 10) ? text.slice(11, 19) : text;
}

function rulesOf({ rules }: Step): string {
  return listed(rules.map((rule) => `"${rule}"`));
}

/** Words of rules that say what became of a request. */
const SAYS_OUTCOME = /\b(?:admitted|refused|denied|attempt|failed|lowered|weakened|deleted)\b/i;

function detailsOf(step: Step): string {
  const { rules, alerts, from, at, until, times } = step;
  const outcome = rules.some((rule) => SAYS_OUTCOME.test(rule)) ? [] : [alerts[0]!.outcome];
  const often = times > 1 ? [`${times} times`] : [];
  const since = !sameSecond(from, at) ? [`since ${timeOf(from, step)}`] : [];
  const last = !sameSecond(at, until) ? [`until ${timeOf(until, step)}`] : [];
  return [objectsOf(alerts), ...outcome, ...often, ...since, ...last]
    .filter((part) => part !== '')
    .join(', ');
}

function objectsOf(alerts: readonly Told[]): string {
  const { resource } = alerts[0]!;
  const names = distinct(alerts.map(({ name }) => name));
  const namespaces = distinct(alerts.map(({ namespace }) => namespace));
  const where = `${namespaces.length > 1 ? 'namespaces' : 'namespace'} ${listed(namespaces)}`;
  const object = `${objectOf(resource, names)} ${listed(names)}`.trim();
  if (namespaces.length === 0) return object;
  return object === '' ? where : `${object} in ${where}`;
}

function objectOf(resource: string, names: readonly string[]): string {
  if (resource === '' || names.length > 1) return resource;
  return names.length === 1 ? singular(resource) : withArticle(singular(resource));
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text) => text !== ''))];
}
