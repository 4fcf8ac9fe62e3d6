import assert from 'node:assert/strict';
import { type BaselineChange, type BaselineEntry, entryKey } from '../../src/correlate/baseline/entry.ts';
import { type CorrelateLimits, Correlator, type Housekeeping } from '../../src/correlate/correlator.ts';
import type { Behaviour } from '../../src/correlate/plan.ts';
import type { Alert } from '../../src/record/alert.ts';
import type { Signal } from '../../src/record/signal.ts';
import { keep } from '../unit/correlate/support.ts';

export interface CrashingRun {
  readonly plan: ReadonlyMap<string, Behaviour>;
  readonly limits: CorrelateLimits;
  readonly house?: Housekeeping;
  readonly log: readonly Signal[];
  /** Lengths of batches, and after which of them the correlator is killed; both from the beginning again when they end. */
  readonly batches: readonly number[];
  readonly crashes: readonly boolean[];
}

/** The table of a compacted topic. */
export class Table {
  readonly #entries = new Map<string, BaselineEntry>();

  get entries(): BaselineEntry[] {
    return [...this.#entries.values()];
  }

  apply(changes: readonly BaselineChange[]): void {
    for (const { entry, kept } of changes) {
      const key = entryKey(entry).join();
      if (kept) this.#entries.set(key, entry);
      else this.#entries.delete(key);
    }
  }
}

/**
 * Runs a log through the correlator as the stage does: batches, commits, and crashes after which a fresh one is given what baselines remember
 * and reads again from `restoreFrom`, says nothing up to where it had committed, and is given the batch in hand once more.
 */
export function runWithCrashes({
  plan,
  limits,
  house,
  log,
  batches,
  crashes,
}: CrashingRun): Map<string, Alert> {
  const store = new Map<string, Alert>();
  const versions = new Map<string, number>();
  const texts = new Map<string, string>();
  const table = new Table();
  const fresh = () => new Correlator(plan, limits, () => {}, house);
  const check = (correlator: Correlator, repeating: boolean): void => {
    const spoken = correlator.take();
    for (const { alert } of spoken) {
      const { id } = alert.event;
      const { status } = alert.gatewatch;
      // What is withdrawn is told as it stood before.
      const text =
        status === 'withdrawn'
          ? status
          : JSON.stringify({ ...alert, gatewatch: { ...alert.gatewatch, version: 0 } });
      const version = versions.get(id) ?? 0;
      const isSame = texts.get(id) === text;
      const again = repeating && (isSame || alert.gatewatch.version === version);
      assert.ok(alert.gatewatch.version > version || again, id);
      assert.ok(repeating || !isSame, 'nothing is said twice without a change');
      versions.set(id, Math.max(alert.gatewatch.version, version));
      texts.set(id, text);
    }
    keep(store, spoken);
  };
  let correlator = fresh();
  let restoreFrom = 0;
  for (let at = 0, turn = 0; at < log.length; turn++) {
    const end = Math.min(log.length, at + batches[turn % batches.length]!);
    for (let offset = at; offset < end; offset++) correlator.add(log[offset]!, offset);
    check(correlator, false);
    const crash = crashes[turn % crashes.length];
    // What is remembered is kept after what is said, and may not be any more.
    if (!crash || turn % 2 === 0) table.apply(correlator.learnt());
    if (crash) {
      // Killed before its commit: the batch comes again.
      correlator = fresh();
      for (const entry of table.entries.reverse()) correlator.restore(entry);
      for (let offset = restoreFrom; offset < at; offset++) {
        correlator.add(log[offset]!, offset);
        if (offset % 3 === 0) correlator.take();
      }
      correlator.take();
      for (let offset = at; offset < end; offset++) correlator.add(log[offset]!, offset);
      check(correlator, true);
      table.apply(correlator.learnt());
    }
    const lowest = correlator.restoreFrom ?? end;
    assert.ok(lowest >= restoreFrom && lowest <= end, 'restoreFrom only grows');
    restoreFrom = lowest;
    at = end;
  }
  return store;
}
