import type { EventTime } from '../../record/time.ts';
import { inOrder, lastBefore, type Moment, placeOf } from '../memory/moment.ts';
import { concernsAdmission, ENFORCE, enforcedLevel, type Labels } from './labels.ts';

/** What was known of a namespace at one moment. */
export interface PostureEntry extends Moment {
  /** Absent if only the level was seen, in the annotation of a pod's admission. */
  readonly labels?: Labels;
  /** The level in force. */
  readonly enforce: string;
  readonly user?: string;
}

/** What was known just before a request; absent fields were never seen. */
export interface Known {
  readonly labels?: Labels;
  readonly enforce?: string;
}

/** Entries kept a namespace: enough that an event may be read again, or late by several changes, and find what came before it. */
const ENTRIES_MAX = 64;

/** Labels kept an entry; those that admission engines read come first. */
const LABELS_MAX = 32;

/**
 * A namespace's labels over event time. It answers what held before a given request, whatever order events arrive in and
 * however often they come.
 */
export class Posture {
  readonly entries: readonly PostureEntry[];
  /** True if each entry is known to say something else than one beside it. */
  readonly #isTrimmed: boolean;

  constructor(entries: readonly PostureEntry[] = [], isTrimmed = false) {
    this.entries = entries;
    this.#isTrimmed = isTrimmed;
  }

  /** A posture of entries in any order. */
  static of(entries: readonly PostureEntry[]): Posture {
    return new Posture(entries.toSorted(inOrder));
  }

  /** What was known strictly before a request. */
  before(moment: Moment): Known {
    const entry = lastBefore(this.entries, moment);
    if (!entry) return {};
    const labels = entry.labels ?? this.#labelsBefore(entry);
    return { ...(labels ? { labels } : {}), enforce: entry.enforce };
  }

  /** Labels that a pod's admission does not contradict: without a level among them the namespace is held to the cluster's default. */
  #labelsBefore(pod: PostureEntry): Labels | undefined {
    const { labels } = this.entries.findLast((entry) => entry.labels && inOrder(entry, pod) < 0) ?? {};
    return labels && !Object.hasOwn(labels, ENFORCE) ? labels : undefined;
  }

  /** Whether a namespace had these labels once before a request, and others since. */
  had(moment: Moment, labels: Labels): boolean {
    const wanted = keep(labels);
    let isLast = true;
    for (let index = this.entries.length - 1; index >= 0; index--) {
      const entry = this.entries[index]!;
      if (!entry.labels || inOrder(entry, moment) >= 0) continue;
      if (!isLast && haveTheSame(entry.labels, wanted)) return true;
      isLast = false;
    }
    return false;
  }

  /** The posture without what a request has shown, or itself. */
  without(request: string): Posture {
    const entries = this.entries.filter((entry) => entry.request !== request);
    return entries.length === this.entries.length ? this : new Posture(entries);
  }

  /** The posture with one more entry, or itself if the entry is known or says nothing new. */
  with(entry: PostureEntry): Posture {
    if (this.entries.some((known) => known.request === entry.request)) return this;
    const known = this.before(entry);
    if (!entry.labels && known.enforce === entry.enforce) return this;
    const labels = entry.labels && keep(entry.labels);
    // Labels that stay what they were are kept once, and told to be the same at a glance.
    const trimmed = labels
      ? { ...entry, labels: known.labels && haveTheSame(known.labels, labels) ? known.labels : labels }
      : entry;
    const at = placeOf(this.entries, trimmed);
    const entries = this.entries.toSpliced(at, 0, trimmed);
    if (entries.length <= ENTRIES_MAX) return new Posture(entries);
    // Labels that are applied again and again would push out what came before them.
    const isRepeated = (index: number) =>
      (!this.#isTrimmed || Math.abs(index - at) <= 1) &&
      saysTheSame(entries[index - 1], entries[index]) &&
      saysTheSame(entries[index], entries[index + 1]);
    const kept = entries.filter((_, index) => !isRepeated(index)).slice(-ENTRIES_MAX);
    return kept.includes(trimmed) ? new Posture(kept, true) : this;
  }
}

function saysTheSame(a: PostureEntry | undefined, b: PostureEntry | undefined): boolean {
  if (!a?.labels || !b?.labels) return false;
  if (a.enforce !== b.enforce) return false;
  return haveTheSame(a.labels, b.labels);
}

function haveTheSame(before: Labels, after: Labels): boolean {
  if (before === after) return true;
  const names = Object.keys(before);
  return names.length === Object.keys(after).length && names.every((name) => after[name] === before[name]);
}

function keep(labels: Labels): Labels {
  const names = Object.keys(labels);
  if (names.length <= LABELS_MAX) return labels;
  names.sort((a, b) => Number(concernsAdmission(b)) - Number(concernsAdmission(a)));
  return Object.fromEntries(names.slice(0, LABELS_MAX).map((name) => [name, labels[name]!]));
}

/** An entry from labels that were seen whole. */
export function labelsEntry(time: EventTime, request: string, labels: Labels, user: string): PostureEntry {
  return { time, request, labels, enforce: enforcedLevel(labels), user };
}
