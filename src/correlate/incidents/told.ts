import { type Alert, SEVERITY_NUMBER, type Severity } from '../../record/alert.ts';
import type { Outcome } from '../../record/signal.ts';
import { type EventTime, parseEventTime } from '../../record/time.ts';
import { clean } from '../plain-text.ts';

/** What an incident goes by of one alert. */
export interface Told {
  readonly id: string;
  readonly start: EventTime;
  readonly end: EventTime;
  /** Name of the rule. */
  readonly rule: string;
  readonly level: Severity;
  readonly severity: number;
  readonly outcome: Outcome;
  readonly count: number;
  /** To what something was done: resource, in the plural, and name; '' where that is not known. */
  readonly resource: string;
  readonly name: string;
  /** '' of what belongs to none, or is one. */
  readonly namespace: string;
}

/** Undefined for an alert whose records carry no time that can be believed: it has no place in an order. */
export function toldOf({ event, rule, orchestrator, gatewatch }: Alert): Told | undefined {
  const start = parseEventTime(event.start);
  if (start === undefined) return undefined;
  const { namespace, resource } = orchestrator;
  const type = resource?.type ?? '';
  return {
    id: event.id,
    start,
    end: Math.max(start, parseEventTime(event.end) ?? start),
    rule: clean(rule.name),
    level: gatewatch.level,
    severity: SEVERITY_NUMBER[gatewatch.level],
    outcome: gatewatch.outcome,
    count: gatewatch.count,
    resource: clean(type.split('/')[0]!),
    name: clean(resource?.name ?? ''),
    namespace: type === 'namespaces' ? '' : clean(namespace ?? ''),
  };
}

/** The order of an incident. */
export function inOrder(a: Told, b: Told): number {
  return a.start - b.start || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
