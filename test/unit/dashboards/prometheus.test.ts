import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { pipeline } from '../../../dashboards/grafana/pipeline.ts';
import { formatPath, leafPaths } from '../../../src/config/keys.ts';
import { LABELS, METRICS, Metrics } from '../../../src/telemetry/metrics.ts';
import { panelsOf } from './grafana.ts';
import { type Use, usesOf } from './promql.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const FILE = join(import.meta.dirname, '../../../dashboards/prometheus/alerts.yaml');
const { groups } = parse(readFileSync(FILE, 'utf8')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap(({ rules }) => rules);

const expressions = panelsOf(pipeline).flatMap(({ panel }) =>
  panel.targets.map(({ expr }) => expr as string),
);

/** What Prometheus adds to what it reads, and a metric that it has of itself. */
const TARGET_LABELS = ['job', 'instance'];
const UP = 'up';

/** What may be made of a range of values, by the type of the metric. */
const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  counter: ['rate', 'increase'],
  gauge: ['delta', 'min_over_time', 'max_over_time', 'resets'],
};

/** Type and labels of every metric that `/metrics` has. */
const known = await knownMetrics();

suite('Prometheus', () => {
  test('every expression uses metrics that exist, each as its type allows', (t: TestContext) => {
    let uses = 0;
    for (const expression of [...expressions, ...rules.map(({ expr }) => expr)]) {
      const found = usesOf(expression);
      assert.notEqual(found.uses.length, 0, expression);
      const labels = new Set(TARGET_LABELS);
      for (const use of found.uses) {
        for (const label of check(use, expression)) labels.add(label);
        uses++;
      }
      for (const label of found.grouped) assert.ok(labels.has(label), `${expression}: ${label}`);
    }
    t.diagnostic(
      `${expressions.length} expressions of the dashboard, ${rules.length} alert rules, ${uses} uses of metrics`,
    );
  });

  test('the dashboard shows every metric of Gatewatch', () => {
    const shown = new Set(
      expressions.flatMap((expression) => usesOf(expression).uses.map(({ metric }) => metric)),
    );
    const missing = Object.values(METRICS)
      .map(({ name, type }) => (type === 'histogram' ? `${name}_bucket` : name))
      .filter((name) => !shown.has(name));
    assert.deepEqual(missing, []);
  });

  test('every alert says how bad it is, what is wrong, and what to do', () => {
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { alert, expr, labels, annotations } of rules) {
      assert.match(alert, /^Gatewatch[A-Z]\w+$/);
      assert.match(labels.severity, /^(?:critical|warning|info)$/, alert);
      assert.match(annotations.summary, /\.$/, alert);
      assert.ok(annotations.description.length > annotations.summary.length, alert);
      const own = new Set([
        ...TARGET_LABELS,
        ...usesOf(expr).uses.flatMap((use) => known.get(use.metric)?.labels ?? []),
      ]);
      for (const text of Object.values(annotations))
        for (const [, label] of text.matchAll(/\$labels\.(\w+)/g))
          assert.ok(own.has(label!), `${alert}: ${label}`);
    }
  });

  test('every setting that an alert speaks of exists', () => {
    const keys = new Set(leafPaths().map(formatPath));
    const sections = new Set([...keys].map((key) => key.split('.')[0]!));
    for (const { alert, annotations } of rules)
      for (const [key, section] of annotations.description.matchAll(/\b([a-z]+)\.[a-z]+(?:_[a-z]+)*/g))
        if (sections.has(section!)) assert.ok(keys.has(key), `${alert}: ${key}`);
  });
});

/** @returns the labels that a use of a metric has */
function check({ metric, over, matchers }: Use, expression: string): readonly string[] {
  const what = `${expression}: ${metric}`;
  if (metric === UP) return [];
  const { type, labels } = known.get(metric) ?? assert.fail(what);
  if (over !== undefined) assert.ok(FUNCTIONS[type]!.includes(over), `${what} in ${over}`);
  for (const { label, value, isRegex } of matchers) {
    if (TARGET_LABELS.includes(label)) continue;
    assert.ok(labels.includes(label), `${what}: ${label}`);
    const { values } = LABELS[label as keyof typeof LABELS];
    if (!Array.isArray(values)) continue;
    // Each alternative is there for something.
    for (const alternative of isRegex ? alternatives(value) : [value])
      assert.ok(
        values.some((one) => new RegExp(`^(?:${alternative})$`).test(one)),
        `${what}: ${alternative}`,
      );
  }
  return labels;
}

/** `A|(B|C)_.+` as `A`, `B_.+`, `C_.+`. */
function alternatives(regex: string): string[] {
  return [...regex.matchAll(/(?:\(([^)]*)\)|([^|()]+))([^|()]*)/g)].flatMap(([, inner, plain, rest]) =>
    inner === undefined ? [`${plain}${rest}`] : inner.split('|').map((one) => `${one}${rest}`),
  );
}

async function knownMetrics(): Promise<Map<string, { type: string; labels: readonly string[] }>> {
  const { body } = await new Metrics({ process: true }).expose();
  const all = new Map<string, { type: string; labels: readonly string[] }>();
  for (const [, name, type] of body.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    const labels: readonly string[] = Object.values(METRICS).find((spec) => spec.name === name)?.labels ?? [];
    if (type !== 'histogram') all.set(name!, { type: type!, labels });
    else {
      all.set(`${name}_bucket`, { type: 'counter', labels: [...labels, 'le'] });
      for (const part of ['sum', 'count']) all.set(`${name}_${part}`, { type: 'counter', labels });
    }
  }
  return all;
}
