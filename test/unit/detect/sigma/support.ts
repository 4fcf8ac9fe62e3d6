import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import type { RuleSet, SigmaRule } from '../../../../src/detect/sigma/model.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';

export type PlainEvent = Readonly<Record<string, unknown>>;

/** A whole rule around a detection, indented as a rule file is. */
export function ruleText(detection: string): string {
  const indented = detection.replaceAll(/^/gm, '    ');
  return `title: Test\nlogsource: {product: kubernetes, service: audit}\ndetection:\n${indented}\n`;
}

export function parse(text: string): RuleSet {
  return parseRules([{ name: 'test.yml', text }]);
}

/** The one rule of a text that must be without fault. */
export function compile(text: string): SigmaRule {
  const { rules, problems } = parse(text);
  assert.deepEqual(
    problems.map((problem) => problem.explain()),
    [],
  );
  assert.equal(rules.length, 1);
  return rules[0]!;
}

/** A rule whose one selection is given as data. */
export function selecting(selection: unknown): SigmaRule {
  return compile(ruleText(stringify({ selection, condition: 'selection' })));
}

/** A rule snippet (the selection), an event, and whether the one matches the other. */
export type Vector = readonly [selection: unknown, event: PlainEvent, verdict: boolean];

export function vectors(name: string, table: readonly Vector[]): void {
  test(name, () => {
    for (const [selection, event, verdict] of table) {
      assert.equal(
        selecting(selection).matches(plainEvent(event)),
        verdict,
        `${JSON.stringify(selection)} against ${JSON.stringify(event).slice(0, 200)} should be ${verdict}`,
      );
    }
  });
}

/** `CODE where: message` of every problem of a text. */
export function problemsOf(text: string): string[] {
  return parse(text).problems.map(({ code, where, message }) => `${code} ${where}: ${message}`);
}

/** Codes and messages of the problems of a selection that must be refused. */
export function refusal(selection: unknown): string {
  const { problems } = parse(ruleText(stringify({ selection, condition: 'selection' })));
  assert.equal(problems.length, 1, `${JSON.stringify(selection)} has ${problems.length} problems`);
  return `${problems[0]!.code}: ${problems[0]!.message}`;
}
