import type { Alert } from '../../record/alert.ts';

/** What other rules make of the same events. */
export interface Change {
  readonly change: 'added' | 'removed' | 'changed';
  /** As it is with the rules that it is in; of a changed one as the second rules have it. */
  readonly alert: Alert;
  /** What differs, of a changed one. */
  readonly fields?: readonly string[];
}

/** Fields that an analyst would see differ. Versions are left out: they number what a stage has said. */
const COMPARED = new Map<string, (alert: Alert) => unknown>([
  ['level', ({ gatewatch }) => gatewatch.level],
  ['count', ({ gatewatch }) => gatewatch.count],
  ['outcome', ({ gatewatch }) => gatewatch.outcome],
  ['message', ({ message }) => message],
]);

/** The alerts that only one of two sets of rules gives, or both give differently, in the order of time. */
export function changesBetween(
  before: ReadonlyMap<string, Alert>,
  after: ReadonlyMap<string, Alert>,
): readonly Change[] {
  const changes: Change[] = [];
  for (const [id, alert] of before) if (!after.has(id)) changes.push({ change: 'removed', alert });
  for (const [id, alert] of after) {
    const former = before.get(id);
    if (!former) {
      changes.push({ change: 'added', alert });
      continue;
    }
    const fields = [...COMPARED].flatMap(([name, of]) => (of(former) === of(alert) ? [] : name));
    if (fields.length > 0) changes.push({ change: 'changed', alert, fields });
  }
  return changes.sort((a, b) => (a.alert['@timestamp'] < b.alert['@timestamp'] ? -1 : 1));
}
