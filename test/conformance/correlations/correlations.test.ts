import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { Correlator } from '../../../src/correlate/correlator.ts';
import { Detector } from '../../../src/detect/detector.ts';
import { parseRules } from '../../../src/detect/sigma/parse.ts';
import type { Alert } from '../../../src/record/alert.ts';
import type { Signal } from '../../../src/record/signal.ts';
import { formatEventTime } from '../../../src/record/time.ts';
import { compileRules, type RuleSources } from '../../../src/rules/load.ts';
import { keep, NOON, SECOND } from '../../unit/correlate/support.ts';
import { recordOf } from '../../unit/detect/support.ts';

/** README.md beside this file explains the form. */
const caseSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    spec: z.string().regex(/^(?:correlations|pySigma|json-schema|specification, tests|docs\/rules\.md)[,:] /),
    correlation: z.record(z.string(), z.unknown()).optional(),
    rules: z.string().optional(),
    events: z
      .array(z.looseObject({ at: z.number() }))
      .min(1)
      .optional(),
    alerts: z
      .array(
        z.strictObject({
          rule: z.string().optional(),
          count: z.int().min(1),
          first: z.number(),
          last: z.number(),
        }),
      )
      .optional(),
    refused: z.literal(true).optional(),
  })
  .refine(
    ({ correlation, rules, events, alerts, refused }) =>
      (correlation === undefined) !== (rules === undefined) &&
      (refused ? !events && !alerts : events && alerts),
    { error: 'either a correlation or rules; either events and alerts, or refused' },
  );

type Case = z.output<typeof caseSchema>;

const files = globSync('*.yml', { cwd: import.meta.dirname }).sort();
const cases = files.flatMap((file) =>
  z
    .array(caseSchema)
    .parse(parse(readFileSync(join(import.meta.dirname, file), 'utf8')))
    .map((one) => ({ file, one })),
);

const LETTERS = ['a', 'b', 'c', 'd'].map((letter) =>
  stringify({
    title: `Rule ${letter}`,
    name: letter,
    id: `id-${letter}`,
    logsource: { product: 'kubernetes', service: 'audit' },
    detection: { selection: { verb: letter }, condition: 'selection' },
  }),
);

function sourcesOf({ correlation, rules }: Case): RuleSources {
  const own = rules ?? stringify({ title: 'Vector', correlation });
  return { files: [{ name: 'vector.yml', text: [...LETTERS, own].join('---\n') }], lists: new Map() };
}

const LIMITS = {
  namespaces_max: 100,
  objects_bytes_max: 1_000_000,
  object_bytes_max: 10_000,
  recent_bytes_max: 10_000_000,
  facts_text_chars_max: 100,
  event_time_ahead_seconds_max: 1e9,
  lateness_seconds: 1e9,
  lateness_review_seconds: 1e9,
  groups_max: 1000,
  signals_per_group_max: 1000,
  baseline_groups_max: 0,
  baseline_values_per_group_max: 0,
  evidence_max: 20,
};

type Compiled = ReturnType<typeof compileRules>;

function signalsOf(rules: Compiled, events: readonly { at: number }[]): Signal[] {
  const detector = new Detector(rules, LIMITS);
  return events.flatMap(({ at, ...event }, number) => {
    const time = formatEventTime(NOON + at * SECOND);
    const whole = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: `event-${number}`,
      stage: 'ResponseComplete',
      requestURI: '/',
      user: { username: 'someone' },
      responseStatus: { code: 200 },
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      ...event,
    };
    return detector.detect(recordOf(whole)).signals;
  });
}

function alertsOf(rules: Compiled, signals: readonly Signal[], batch: number): unknown[] {
  const correlator = new Correlator(rules.behaviours(0), LIMITS, () => assert.fail('a limit was reached'));
  const store = new Map<string, Alert>();
  for (const [offset, signal] of signals.entries()) {
    correlator.add(signal, offset);
    if (offset % batch === batch - 1) keep(store, correlator.take());
  }
  keep(store, correlator.take());
  const seconds = (time: string) => (Date.parse(time) * 1000 - NOON) / SECOND;
  return [...store.values()]
    .filter(({ rule, gatewatch }) => gatewatch.status !== 'withdrawn' && !rule.name.startsWith('Rule '))
    .map(({ rule, event, gatewatch }) => ({
      rule: rule.name,
      count: gatewatch.count,
      first: seconds(event.start!),
      last: seconds(event.end!),
    }))
    .sort((a, b) => a.first - b.first);
}

for (const file of files) {
  suite(file, () => {
    for (const { one } of cases.filter((entry) => entry.file === file)) {
      test(`${one.id}: ${one.spec}`, () => {
        const sources = sourcesOf(one);
        if (one.refused) {
          const { problems } = parseRules(sources.files);
          assert.ok(problems.length > 0, 'nothing was refused');
          // What is refused is refused because Sigma has no such thing, not because Gatewatch has not.
          assert.ok(problems.every(({ code }) => code !== 'RULE_UNSUPPORTED'));
          return;
        }
        const rules = compileRules(sources);
        const expected = one.alerts!.map((alert) => ({ rule: 'Vector', ...alert }));
        const signals = signalsOf(rules, one.events!);
        assert.deepEqual(alertsOf(rules, signals, 1), expected, 'in order');
        assert.deepEqual(alertsOf(rules, signals.toReversed(), 1), expected, 'in reverse');
        assert.deepEqual(alertsOf(rules, [...signals, ...signals], 3), expected, 'twice');
      });
    }
  });
}

test('there are many dozens of cases, and each has a name of its own', () => {
  assert.ok(cases.length >= 100, `${cases.length} cases`);
  const ids = cases.map(({ one }) => one.id);
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
});

const TYPES =
  'event_count value_count temporal temporal_ordered value_sum value_avg value_percentile value_median';

test('every type and operator has cases with an alert and cases without', () => {
  const told = (form: RegExp, wanted: boolean) =>
    cases.filter(
      ({ one }) =>
        !one.refused &&
        form.test(one.rules ?? stringify(one.correlation)) &&
        one.alerts!.length > 0 === wanted,
    ).length;
  for (const type of TYPES.split(' ')) {
    const form = new RegExp(`type: ${type}\\b`);
    assert.ok(told(form, true) > 0 && told(form, false) > 0, type);
  }
  for (const operator of ['gt', 'gte', 'lt', 'lte', 'eq', 'neq']) {
    assert.ok(told(new RegExp(`\\b${operator}: `), true) > 0, operator);
  }
});
