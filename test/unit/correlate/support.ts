import type { Spoken } from '../../../src/correlate/correlator.ts';
import type { Kind } from '../../../src/correlate/kinds/kind.ts';
import type { Behaviour } from '../../../src/correlate/plan.ts';
import { finder, lookback } from '../../../src/correlate/referred.ts';
import type { RuleMetadata } from '../../../src/detect/sigma/model.ts';
import type { Alert } from '../../../src/record/alert.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { formatEventTime } from '../../../src/record/time.ts';

export const SECOND = 1_000_000;
export const NOON = Date.UTC(2026, 10, 22, 12) * 1000;

export function metadata(id: string): RuleMetadata {
  return {
    id,
    title: `Rule ${id}`,
    level: 'high',
    description: 'What it means.\n',
    references: ['https://example.org/rule'],
    author: 'Gatewatch',
    tags: ['attack.privilege-escalation', 'attack.t1611', 'gatewatch.pw01'],
    falsepositives: [],
    custom: {},
    file: 'rule.yml',
    where: 'rule.yml:1:1',
  };
}

/** What becomes of the signals of a rule. @param suppress microseconds */
export function behaviour(id: string, kind: Kind, suppress: number): Behaviour {
  const rule = { kind, inner: new Map() };
  const back = lookback(rule);
  return {
    rule: metadata(id),
    span: Math.max(back, suppress),
    lookback: back,
    find: finder(rule, suppress),
  };
}

/** A refused pod of alice's, `seconds` after noon. */
export function signalAt(seconds: number, fields: Partial<Signal> = {}): Signal {
  const time = NOON + seconds * SECOND;
  const { id = `s${seconds}`, rule = 'r' } = fields;
  return {
    id,
    rule,
    target: rule,
    cluster: 'prod',
    group: ['alice'],
    time,
    received_ms: time / 1000 + 5,
    rank: 3,
    facts: {
      user: 'alice',
      groups: ['devs', 'system:authenticated'],
      source_ip: '10.0.0.7',
      user_agent: 'kubectl/v1.37.2 (linux/amd64)',
      verb: 'create',
      resource: 'pods',
      api_version: 'v1',
      namespace: 'dev',
      name: 'p',
      code: 403,
    },
    admission: {
      outcome: 'denied',
      denied_by: [{ engine: 'pod-security', policy: 'baseline:latest', message: 'violates' }],
    },
    evidence: {
      record_id: `record-${id}`,
      audit_id: `audit-${id}`,
      stage: 'ResponseComplete',
      source: 'audit',
      time: formatEventTime(time),
      verb: 'create',
      uri: '/api/v1/namespaces/dev/pods',
      user: 'alice',
      outcome: 'denied',
    },
    ...fields,
  };
}

/** The store: of each alert the highest version, as an index keeps it. */
export function keep(store: Map<string, Alert>, spoken: readonly Spoken[]): void {
  for (const { alert } of spoken) {
    const known = store.get(alert.event.id);
    if (!known || known.gatewatch.version <= alert.gatewatch.version) store.set(alert.event.id, alert);
  }
}

/** What stands in the end: each alert that was not withdrawn, without its version. */
export function standing(store: ReadonlyMap<string, Alert>): Map<string, unknown> {
  const alerts = [...store.values()].filter(({ gatewatch }) => gatewatch.status !== 'withdrawn');
  return new Map(
    alerts
      .map((alert) => [alert.event.id, { ...alert, gatewatch: { ...alert.gatewatch, version: 0 } }] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
