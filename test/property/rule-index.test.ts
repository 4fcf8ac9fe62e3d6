import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { RuleIndex } from '../../src/detect/sigma/rule-index.ts';
import { EventView } from '../../src/detect/view.ts';
import type { ReceivedRecord } from '../../src/record/record.ts';
import { compileRules, readRules } from '../../src/rules/load.ts';
import { decoded, NO_PAST, recordedLines, recordOf } from '../unit/detect/support.ts';

const { set } = compileRules(await readRules(loadConfig({ env: {} }).detect));
const index = new RuleIndex(set.rules);
const rules = set.rules.filter(({ applies }) => applies);
const viewOf = (record: ReceivedRecord) => new EventView(decoded(record), NO_PAST);

/** The same event with its fields in another order, of which a glance tells nothing. */
function turned(line: string): ReceivedRecord {
  return recordOf(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).toReversed())));
}

test('of recorded events the tree finds what each rule finds by itself, also of those that have to be parsed', () => {
  const lines = recordedLines();
  let matches = 0;
  for (const line of lines) {
    const found = index.match(viewOf(recordOf(line))).map(({ id }) => id);
    const view = viewOf(recordOf(line));
    const each = rules.filter((rule) => rule.matches(view)).map(({ id }) => id);
    assert.deepEqual(found, each, line);
    assert.deepEqual(
      index.match(viewOf(turned(line))).map(({ id }) => id),
      found,
      line,
    );
    matches += found.length;
  }
  assert.ok(matches > lines.length / 10, `${matches} matches of ${lines.length} events`);
});
