import assert from 'node:assert/strict';
import test from 'node:test';
import { ruleOptions } from '../../../src/detect/rule-options.ts';
import { parse } from './sigma/support.ts';

const RULE = (name: string) => `title: ${name}
name: ${name}
logsource: { product: kubernetes, service: audit }
detection: { selection: { verb: ${name} }, condition: selection }
---
`;

const optionsOf = (correlation: string, options: string) => {
  const { correlations, problems } = parse(
    `${RULE('a')}${RULE('b')}title: C\ncorrelation: { rules: [a, b], timespan: 1d, ${correlation} }\ngatewatch: { ${options} }\n`,
  );
  assert.deepEqual(problems, []);
  return ruleOptions(correlations[0]!);
};

test('options that a type does not have are refused, not passed over', () => {
  const same = 'same-any: [user.username]';
  assert.deepEqual(optionsOf('type: temporal_ordered', same).sameAny, ['user.username']);
  assert.deepEqual(optionsOf('type: temporal_ordered, condition: { gte: 2 }', same).sameAny, [
    'user.username',
  ]);
  const refusal = {
    code: 'RULE_INVALID',
    message: 'gatewatch.same-any: belongs to "temporal_ordered" without a count in its condition.',
    where: 'test.yml:11:1',
  };
  assert.throws(() => optionsOf('type: temporal_ordered, condition: { gte: 1 }', same), refusal);
  assert.throws(() => optionsOf('type: temporal', same), refusal);
  const differ = 'differ-any: [objectRef.namespace]';
  assert.deepEqual(optionsOf('type: temporal_ordered', differ).differAny, ['objectRef.namespace']);
  assert.throws(() => optionsOf('type: temporal', differ), {
    message: 'gatewatch.differ-any: belongs to "temporal_ordered" without a count in its condition.',
  });
  assert.throws(() => optionsOf('type: event_count, condition: { gte: 2 }', 'learn: 1d'), {
    code: 'RULE_INVALID',
    message: 'gatewatch.learn: belongs to "new_value".',
  });
  assert.equal(optionsOf('type: temporal', 'nothing-let-through: low').nothingLetThrough, 'low');
  assert.throws(() => ruleOptions({ custom: { gatewatch: { 'nothing-let-through': 'low' } }, where: 'r' }), {
    message: 'gatewatch.nothing-let-through: belongs to a correlation.',
  });
  assert.throws(() => optionsOf('type: event_count, condition: { gte: 2 }', 'distinct: verb'), {
    code: 'RULE_INVALID',
    message: 'gatewatch: Unrecognized key: "distinct".',
  });
});
