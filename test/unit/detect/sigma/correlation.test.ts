import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CorrelationRule, groupFields } from '../../../../src/detect/sigma/model.ts';
import { allRules } from '../../../../src/detect/sigma/rule-condition.ts';
import { COUNT, correlation, RULES, temporal, value } from './correlations.ts';
import { parse } from './support.ts';

/** What a correlation has by its type. */
function specific({ type, ...rule }: CorrelationRule): unknown {
  if ('condition' in rule) return rule.condition;
  const { threshold, fields, percentile } = rule as Partial<Extract<CorrelationRule, { percentile: number }>>;
  return { threshold, ...(fields && { fields }), ...(percentile !== undefined && { percentile }) };
}

test('event_count, its references resolved by name or id', () => {
  const text = correlation(
    'type: event_count\nrules: [one, id-2]\ngroup-by: [user.username, objectRef.namespace]\ntimespan: 2h\ncondition: {gt: 9, lte: 20}',
    'id: C1\nlevel: high\ntags: [attack.t1110]\nsuppress: 1d\n',
  );
  const { correlations, problems, warnings } = parse(text);
  assert.deepEqual(problems, []);
  assert.deepEqual(warnings, []);
  assert.deepEqual(correlations, [
    {
      id: 'C1',
      title: 'Many',
      level: 'high',
      references: [],
      tags: ['attack.t1110'],
      falsepositives: [],
      custom: { suppress: '1d' },
      file: 'test.yml',
      where: 'test.yml:17:1',
      type: 'event_count',
      rules: ['ID-1', 'ID-2'],
      groupBy: ['user.username', 'objectRef.namespace'],
      aliases: new Map(),
      timespanMs: 7_200_000,
      generate: false,
      threshold: { gt: 9, lte: 20 },
    },
  ]);
});

test('every type of the specification, and what it is given', () => {
  const read = (body: string) => {
    const { correlations, problems, warnings } = parse(correlation(body));
    assert.deepEqual([problems, warnings], [[], []]);
    return specific(correlations[0]!);
  };
  const gte = { gte: 2 };
  assert.deepEqual(read(`${value('count')}{field: verb, gte: 2}`), { threshold: gte, fields: ['verb'] });
  assert.deepEqual(read(`${value('count')}{field: [verb, userAgent], gte: 2}`), {
    threshold: gte,
    fields: ['verb', 'userAgent'],
  });
  for (const type of ['sum', 'avg', 'median']) {
    assert.deepEqual(read(`${value(type)}{field: responseStatus.code, gt: -0.5, lt: 1.5}`), {
      threshold: { gt: -0.5, lt: 1.5 },
      fields: ['responseStatus.code'],
    });
  }
  for (const [written, percentile] of [
    ['percentile: 95, ', 95],
    ['', 50],
  ] as const) {
    assert.deepEqual(read(`${value('percentile')}{${written}field: responseStatus.code, gte: 2}`), {
      threshold: gte,
      fields: ['responseStatus.code'],
      percentile,
    });
  }
  const [one, two] = ['ID-1', 'ID-2'].map((rule) => ({ kind: 'item', rule }));
  const either = { kind: 'or', children: [one, { kind: 'not', child: two }] };
  for (const type of ['temporal', 'temporal_ordered']) {
    assert.deepEqual(read(temporal('{gte: 1}', type)), { threshold: { gte: 1 } });
    assert.deepEqual(read(temporal('one OR not two', type)), { expression: either });
    const without = temporal('one or not two', type).replace('rules: [one, two]\n', '');
    assert.deepEqual(read(without), { expression: either });
  }
});

test('temporal_ordered asks for all its rules', () => {
  for (const condition of ['', '\ncondition: {gte: 2}', '\ncondition: {eq: 2}', '\ncondition: {gt: 1}']) {
    const { correlations, problems } = parse(
      correlation(
        `type: temporal_ordered\nrules: [two, one]\ngroup-by: user.username\ntimespan: 90s${condition}`,
      ),
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(correlations[0]!.rules, ['ID-2', 'ID-1']);
    assert.deepEqual(specific(correlations[0]!), { expression: allRules(['ID-2', 'ID-1']) });
    assert.deepEqual(correlations[0]!.groupBy, ['user.username']);
    assert.equal(correlations[0]!.timespanMs, 90_000);
  }
});

test('aliases name another field for each rule', () => {
  const { correlations, problems } = parse(
    correlation(
      'type: temporal_ordered\nrules: [one, two]\ngroup-by: [ns, user.username]\ntimespan: 1d\n' +
        'aliases:\n  ns: {one: objectRef.name, ID-2: objectRef.namespace}',
    ),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(groupFields([correlations[0]!], 'ID-1'), ['objectRef.name', 'user.username']);
  assert.deepEqual(groupFields([correlations[0]!], 'ID-2'), ['objectRef.namespace', 'user.username']);
});

test('a rule is silent if correlations refer to it and none of them generates', () => {
  const silent = (text: string) => [...parse(text).silent];
  assert.deepEqual(silent(RULES), []);
  assert.deepEqual(silent(correlation(COUNT)), ['ID-1']);
  assert.deepEqual(silent(correlation(COUNT, 'generate: true\n')), []);
  assert.deepEqual(silent(correlation(`${COUNT}\ngenerate: true`)), []);
  assert.deepEqual(
    silent(
      `${correlation(COUNT)}---\ntitle: Other\ngenerate: true\ncorrelation:\n${COUNT.replaceAll(/^/gm, '  ')}`,
    ),
    [],
  );
  // A correlation that is refused silences nothing: its rules must be heard.
  assert.deepEqual(silent(correlation(COUNT.replace('15m', '15y'))), []);
});

test('correlations may stand before their rules and in other files', () => {
  const own = correlation(COUNT);
  const { correlations, problems } = parse(`${own.slice(RULES.length)}---\n${RULES}`);
  assert.deepEqual(problems, []);
  assert.equal(correlations.length, 1);
});

test('a correlation is off where nothing is left that could meet its condition', () => {
  const other = RULES.replace('{product: kubernetes, service: audit}', '{product: windows}');
  const off = (body: string) => [...parse(correlation(body).replace(RULES, other)).off];
  assert.equal(off(temporal('one and two')).length, 2);
  assert.deepEqual(off(temporal('one or two')), ['ID-1']);
  assert.deepEqual(off(temporal('two and not one')), ['ID-1']);
  assert.deepEqual(off(temporal('{gte: 1}', 'temporal_ordered')), ['ID-1']);
  assert.equal(off(temporal('{gte: 2}', 'temporal_ordered')).length, 2);
  assert.equal(off(COUNT).length, 2);
});

test('grouping by a field that no event has is warned of', () => {
  const { warnings } = parse(correlation(COUNT.replace('user.username', 'username')));
  assert.deepEqual(
    warnings.map(({ where, message }) => `${where} ${message}`),
    [
      'test.yml:21:3 groups by nothing: "username" is not a field of an audit.k8s.io/v1 Event; fields of the object are under "requestObject" and "responseObject".',
    ],
  );
});
