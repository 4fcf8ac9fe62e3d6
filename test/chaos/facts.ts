import assert from 'node:assert/strict';
import type { Alert, Incident } from '../../src/record/alert.ts';

/** What must not depend on what happened to the process. The version numbers revisions, which depend on how batches met. */
export interface AlertFacts {
  readonly id: string;
  readonly rule: string;
  readonly message: string;
  readonly count: number;
  readonly evidence: readonly string[];
  readonly incident: Incident | undefined;
}

/** The facts of each alert, by id. */
export function factsOf(alerts: readonly Alert[]): AlertFacts[] {
  return alerts
    .map(({ event, rule, message, gatewatch }) => ({
      id: event.id,
      rule: rule.name,
      message,
      count: gatewatch.count,
      evidence: gatewatch.evidence.map(({ record_id }) => record_id),
      incident: gatewatch.incident,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @throws AssertionError that names what differs */
export function assertSame(actual: readonly AlertFacts[], expected: readonly AlertFacts[]): void {
  const ids = actual.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'an alert is there twice');
  const known = new Map(expected.map((facts) => [facts.id, JSON.stringify(facts)]));
  const found = new Map(actual.map((facts) => [facts.id, JSON.stringify(facts)]));
  const different = [
    ...[...known]
      .filter(([id, text]) => found.get(id) !== text)
      .map(([id, text]) => ({ expected: text, found: found.get(id) })),
    ...[...found].filter(([id]) => !known.has(id)).map(([, text]) => ({ expected: undefined, found: text })),
  ];
  assert.deepEqual(different, []);
}
