import { LRUCache } from 'lru-cache';
import { contentId } from '../record/record.ts';
import type { Signal } from '../record/signal.ts';
import { type EventTime, formatEventTime } from '../record/time.ts';
import { beatOf } from './sigma/absence.ts';
import { groupFields, type RuleSet, type SigmaRule } from './sigma/model.ts';
import { textAt } from './targets.ts';
import type { EventView } from './view.ts';

/** It stands in no name. */
const SEPARATOR = '\u0000';

/** Beats that are remembered as told. What is told again changes nothing. */
const TOLD_MAX = 10_000;

/** A rule whose matches are to come all the time, and the correlation that looks whether they do. */
export interface AwaitedRule {
  readonly rule: SigmaRule;
  readonly target: string;
  /** Length of a beat, microseconds. */
  readonly beat: number;
  /** Reads the values of the correlation's group-by fields. */
  readonly group: readonly ((view: EventView) => string)[];
}

/** What the correlations of type `absence` wait for. */
export function planAwaited({ rules, correlations, silent }: RuleSet): AwaitedRule[] {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  return correlations.flatMap((correlation) => {
    if (correlation.type !== 'absence' || silent.has(correlation.id)) return [];
    return correlation.rules.flatMap((id) => {
      const rule = byId.get(id);
      const group = groupFields([correlation], id).map(textAt);
      return rule?.applies ? { rule, target: correlation.id, beat: beatOf(correlation), group } : [];
    });
  });
}

const LIFE: Pick<Signal, 'rank' | 'facts' | 'actor' | 'admission'> = {
  rank: 3,
  facts: {},
  actor: { kind: 'unknown', chain: [] },
  admission: { outcome: 'other' },
};

/**
 * The signals of correlations that look for absence: that their rules matched at all, once for each beat of event time. All that one says is its group and
 * the beat, so that it is the same whichever of the matches is the first to be read, and however often.
 */
export class Heartbeats {
  readonly #told = new LRUCache<string, true>({ max: TOLD_MAX });
  /** What was told last of each rule without groups: that of nearly every event. */
  readonly #last = new Map<AwaitedRule, { readonly cluster: string; readonly beat: EventTime }>();

  /** The sign of life that an event is; undefined if it does not match, its beat has been told of, or it has no time. */
  of(view: EventView, awaited: AwaitedRule): Signal | undefined {
    const { time, record } = view.request;
    if (time === undefined) return undefined;
    const { cluster } = record;
    const beat = Math.floor(time / awaited.beat) * awaited.beat;
    const last = this.#last.get(awaited);
    if (last?.beat === beat && last.cluster === cluster) return undefined;
    if (!awaited.rule.matches(view)) return undefined;
    if (awaited.group.length === 0) this.#last.set(awaited, { cluster, beat });
    const group = awaited.group.map((read) => read(view));
    const parts = [awaited.target, cluster, ...group, String(beat)];
    const key = parts.join(SEPARATOR);
    if (this.#told.has(key)) return undefined;
    this.#told.set(key, true);
    const id = contentId('heartbeat', ...parts);
    return {
      ...LIFE,
      id,
      rule: awaited.rule.id,
      target: awaited.target,
      cluster,
      group,
      time: beat,
      began: beat,
      received_ms: record.receivedMs,
      evidence: {
        record_id: id,
        stage: 'Heartbeat',
        source: 'audit',
        time: formatEventTime(beat),
        outcome: 'other',
      },
    };
  }
}
