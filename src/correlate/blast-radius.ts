import type { LetThrough } from '../record/alert.ts';
import { type NamespaceScope, within } from '../record/namespace-scope.ts';
import { strictness } from '../record/pod-security-level.ts';
import {
  type Facts,
  type NamespaceChange,
  type PolicyChange,
  PUT_BACK,
  type Signal,
  type Violation,
} from '../record/signal.ts';
import { formatEventTime } from '../record/time.ts';

/** The level by which it is judged what policy engines would have refused: without the engine that is all that can be told. */
const BASELINE = 'baseline';

/** What was let through while protection was weakened, as many of each as may be. */
export interface BlastRadius {
  readonly certain: readonly LetThrough[];
  /** Of which it cannot be told whether what was weakened had a say in their namespace: how it chose namespaces, or their labels, were never seen. */
  readonly uncertain: readonly LetThrough[];
}

/**
 * What was let through while protection was weakened: workloads that the Pod Security level before would have refused; where a policy engine was
 * weakened or left out, those that violate level baseline; and what a webhook that failed open was never asked about. It ends where the
 * protection is there again.
 * @param signals those of an alert, in order
 */
export function blastRadius(signals: readonly Signal[], max: number): BlastRadius {
  const gap = new Gap();
  const certain = new Map<string, LetThrough>();
  const unsure = new Map<string, LetThrough>();
  for (const signal of signals) {
    if (signal.admission.outcome !== 'admitted') continue;
    const place = namespaceOf(signal);
    if (signal.namespace) gap.relabelled(place, signal.namespace);
    if (signal.policy) gap.policyChanged(signal.policy, signal.facts);
    const { level, uncertain } = gap.before(place, signal);
    const violations = violationsAt(signal, level);
    // What a webhook was not asked about has nothing to do with what somebody has weakened.
    const unasked = gap.isOpen ? [] : (signal.admission.failed_open ?? []);
    if (violations.length === 0 && unasked.length === 0) continue;
    // One request may be several matches.
    (uncertain ? unsure : certain).set(signal.evidence.record_id, entryOf(signal, violations, unasked));
  }
  return { certain: [...certain.values()].slice(0, max), uncertain: [...unsure.values()].slice(0, max) };
}

/** What protected a place before: the level to judge by, and whether it may have been none. */
interface Former {
  readonly level?: string;
  readonly uncertain?: true;
}

/** A policy that was weakened, or a binding or webhook. */
interface Weakened {
  readonly resource: string | undefined;
  readonly namespace: string | undefined;
  /** Undefined: all of them were deleted. */
  readonly name: string | undefined;
  readonly changes: readonly string[];
  /** As the signals of what it judges name it. */
  readonly names: readonly string[];
  /** In which namespaces it had a say; undefined: it may have been all. */
  readonly namespaces: readonly NamespaceScope[] | undefined;
  /** And where it still has. */
  readonly still: readonly NamespaceScope[];
}

/** Where protection is weaker than it was, and what it was. */
class Gap {
  readonly #levels = new Map<string, string>();
  readonly #exempted = new Set<string>();
  #weakened: Weakened[] = [];

  get isOpen(): boolean {
    return this.#levels.size > 0 || this.#exempted.size > 0 || this.#weakened.length > 0;
  }

  relabelled(place: string, { enforce_before, enforce_after, changes }: NamespaceChange): void {
    const former = this.#levels.get(place) ?? enforce_before;
    if (former !== undefined && strictness(enforce_after) < strictness(former))
      this.#levels.set(place, former);
    else this.#levels.delete(place);
    if (changes.includes('exemption-added')) this.#exempted.add(place);
    if (changes.includes('exemption-removed')) this.#exempted.delete(place);
  }

  policyChanged(change: PolicyChange, { resource, namespace, name }: Facts): void {
    const { engine, effect, changes, namespaces, still = [] } = change;
    const names = [`${resource}/${name}`, `${engine}/${name}`];
    const isUndone = changes.includes(PUT_BACK);
    if (effect === 'weakened' || (isRewritten(change) && !isUndone))
      this.#weakened.push({ resource, namespace, name, changes, names, namespaces, still });
    if (effect !== 'strengthened' && !isUndone) return;
    const ofObject = this.#weakened.filter(
      (one) =>
        one.resource === resource && one.namespace === namespace && [name, undefined].includes(one.name),
    );
    const closed = new Set(undoneOf(ofObject, changes));
    this.#weakened = this.#weakened.filter((one) => !closed.has(one));
  }

  /** The level by which a place was protected, as far as that is known. */
  before(place: string, { namespace_labels: labels, judges = [] }: Signal): Former {
    const level = this.#levels.get(place);
    if (level !== undefined) return { level };
    if (this.#exempted.has(place)) return { level: BASELINE };
    const weaker = this.#weakened.map(({ names, namespaces, still }) => {
      const isJudge = names.some((name) => judges.includes(name));
      const had = isJudge || (namespaces && within(namespaces, place, labels));
      const has = within(still, place, labels);
      if (had === false || has === true) return false;
      return had && has === false ? true : undefined;
    });
    if (weaker.includes(true)) return { level: BASELINE };
    return weaker.includes(undefined) ? { level: BASELINE, uncertain: true } : {};
  }
}

/**
 * What is given back of several things that were weakened in one object. It is not always told by its word: then it is all. All it is as well where the object is
 * made anew, unless that was compared with the one that was deleted, which may have been weakened before.
 */
function undoneOf(weakened: readonly Weakened[], changes: readonly string[]): readonly Weakened[] {
  const isAnew = changes.includes('created');
  // Whole webhooks are compared with nothing.
  if (isAnew && (changes.length === 1 || changes.includes('webhook-added'))) return weakened;
  const undone = weakened.filter(
    (one) => (isAnew && one.changes.includes('deleted')) || undoes(changes, one.changes),
  );
  return undone.length > 0 ? undone : weakened;
}

/** Whether a policy was changed in a way that may have weakened it. */
function isRewritten({ effect, changes }: PolicyChange): boolean {
  return effect === 'unclear' && !changes.includes('created') && !changes.includes('deleted');
}

/** Whether any of some changes is the other way round than one of others: words of both begin alike, `action-lowered` and `action-raised`. */
function undoes(changes: readonly string[], former: readonly string[]): boolean {
  const subjectOf = (change: string) => change.slice(0, change.lastIndexOf('-'));
  const subjects = new Set(former.map(subjectOf));
  return changes.some((change) => subjects.has(subjectOf(change)));
}

function namespaceOf({ facts }: Signal): string {
  return (facts.resource === 'namespaces' ? facts.name : facts.namespace) ?? '';
}

function violationsAt({ pod_security }: Signal, level: string | undefined): readonly Violation[] {
  if (level === undefined || !pod_security) return [];
  return (strictness(level) > strictness(BASELINE) ? pod_security.restricted : pod_security.baseline) ?? [];
}

function entryOf(signal: Signal, violations: readonly Violation[], unasked: readonly string[]): LetThrough {
  const { time, facts, actor, pod_security } = signal;
  const shown = violations.length > 0 ? violations : (pod_security?.baseline ?? []);
  return {
    ...(time === undefined ? {} : { time: formatEventTime(time) }),
    ...(facts.namespace === undefined ? {} : { namespace: facts.namespace }),
    ...(facts.resource === undefined ? {} : { resource: facts.resource }),
    ...(facts.name === undefined ? {} : { name: facts.name }),
    ...(facts.user === undefined ? {} : { user: facts.user }),
    ...(actor?.author === undefined ? {} : { author: actor.author }),
    ...(shown.length > 0 ? { violations: shown } : {}),
    ...(unasked.length > 0 ? { failed_open: unasked } : {}),
  };
}
