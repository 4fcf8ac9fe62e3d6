import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { compileRules } from '../../../src/rules/load.ts';
import { runRuleTests } from '../../../src/rules/tests.ts';

const RULES = `title: Exec
name: exec
id: exec
logsource: { product: kubernetes, service: audit }
detection: { selection: { verb: connect }, condition: selection }
---
title: Many
name: many
id: many
correlation: { type: event_count, rules: [exec], group-by: [user.username], timespan: 10m, condition: { gte: 2 } }
---
title: Many, then a deletion
id: outer
correlation: { type: temporal_ordered, rules: [many, deletion], group-by: [user.username], timespan: 10m }
---
title: Deletion
name: deletion
id: deletion
logsource: { product: kubernetes, service: audit }
detection: { selection: { verb: delete }, condition: selection }
`;

const TESTS = `base: &event
  kind: Event
  auditID: one
  stage: ResponseComplete
  verb: connect
  user: { username: alice }
  requestReceivedTimestamp: "2026-11-22T13:00:00.000000Z"
  stageTimestamp: "2026-11-22T13:00:00.000000Z"
tests:
  - name: all of it
    expect: match
    events:
      - *event
      - { <<: *event, auditID: two }
      - { <<: *event, auditID: three, verb: delete }
`;

test('a correlation that only others refer to is tested by what it would give', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatewatch-rules-'));
  try {
    const [path, name] = [join(folder, 'rules.yml'), 'rules.yml'];
    writeFileSync(join(folder, 'rules.tests.yml'), TESTS);
    const rules = compileRules({ files: [{ name, text: RULES }], lists: new Map() });
    const results = await runRuleTests(rules, [{ path, name }]);
    assert.deepEqual(
      results.map(({ rule, failure }) => [rule, failure]),
      ['exec', 'deletion', 'many', 'outer'].map((rule) => [rule, undefined]),
    );
    writeFileSync(join(folder, 'rules.tests.yml'), TESTS.replace('auditID: two', 'auditID: one'));
    const failed = await runRuleTests(rules, [{ path, name }]);
    assert.deepEqual(
      failed.map(({ rule, failure }) => [rule, failure]),
      [
        ['exec', undefined],
        ['deletion', undefined],
        ['many', 'it must match and did not'],
        ['outer', 'it must match and did not'],
      ],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('signals go to correlations that give alerts, through those that do not', () => {
  const { targets } = compileRules({ files: [{ name: 'rules.yml', text: RULES }], lists: new Map() });
  const ids = (rule: string) => targets.get(rule)!.map(({ id }) => id);
  assert.deepEqual(ids('exec'), ['outer']);
  assert.deepEqual(ids('deletion'), ['outer']);
  const without = compileRules(
    { files: [{ name: 'rules.yml', text: RULES }], lists: new Map() },
    { enable: [], disable: ['many'] },
  );
  assert.deepEqual(
    ['exec', 'deletion'].map((rule) => without.targets.get(rule)!.length),
    [0, 1],
  );
});
