import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { plainEvent } from '../../../src/detect/sigma/event.ts';
import { MODIFIERS } from '../../../src/detect/sigma/modifiers/registry.ts';
import { parseRules } from '../../../src/detect/sigma/parse.ts';

const events = z.array(z.record(z.string(), z.unknown())).default([]);

/** README.md beside this file explains the form. */
const caseSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    spec: z.string().regex(/^(?:rules|modifiers|filters|changes of version 2)[,:;]? /),
    rule: z.union([z.string(), z.record(z.string(), z.unknown())]),
    lists: z.record(z.string(), z.array(z.string())).default({}),
    match: events,
    'no match': events,
    refused: z.literal(true).optional(),
  })
  .refine((one) => (one.match.length + one['no match'].length === 0) === (one.refused ?? false), {
    error: 'either events, or refused',
  });

type Case = z.output<typeof caseSchema>;

/** A rule, an event, and the verdict. */
interface Vector {
  readonly id: string;
  readonly case: Case;
  readonly event?: Readonly<Record<string, unknown>>;
  readonly verdict: boolean | 'refused';
}

const files = globSync('*.yml', { cwd: import.meta.dirname }).sort();
const cases = files.flatMap((file) =>
  z
    .array(caseSchema)
    .parse(parse(readFileSync(join(import.meta.dirname, file), 'utf8')))
    .map((one) => ({ file, one })),
);

function vectorsOf(one: Case): Vector[] {
  if (one.refused) return [{ id: one.id, case: one, verdict: 'refused' }];
  const verdicts = [
    ...one.match.map((event) => [event, true] as const),
    ...one['no match'].map((event) => [event, false] as const),
  ];
  return verdicts.map(([event, verdict], index) => ({
    id: `${one.id}#${index + 1}`,
    case: one,
    event,
    verdict,
  }));
}

function ruleText(rule: Case['rule']): string {
  if (typeof rule === 'string') return rule;
  return stringify({
    title: 'Vector',
    logsource: { product: 'kubernetes', service: 'audit' },
    detection: rule,
  });
}

const compile = ({ rule, lists }: Case) =>
  parseRules([{ name: 'vector.yml', text: ruleText(rule) }], new Map(Object.entries(lists)));

for (const file of files) {
  suite(file, () => {
    for (const { one } of cases.filter((entry) => entry.file === file)) {
      for (const { id, event, verdict } of vectorsOf(one)) {
        test(`${id}: ${one.spec}`, () => {
          const { rules, problems } = compile(one);
          const told = problems.map((problem) => problem.explain());
          if (verdict === 'refused') {
            assert.ok(problems.length > 0, 'nothing was refused');
            // What is refused is refused because Sigma has no such thing, not because Gatewatch has not.
            assert.ok(
              problems.every(({ code }) => code !== 'RULE_UNSUPPORTED'),
              told.join('\n'),
            );
            return;
          }
          assert.deepEqual(told, []);
          assert.equal(
            rules.some((rule) => rule.matches(plainEvent(event!))),
            verdict,
            JSON.stringify(event),
          );
        });
      }
    }
  });
}

const vectors = cases.flatMap(({ one }) => vectorsOf(one));

test('there are several hundred vectors, and each has a name of its own', () => {
  assert.ok(vectors.length >= 400, `${vectors.length} vectors`);
  const ids = cases.map(({ one }) => one.id);
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
});

/** How many vectors of each verdict a text has in its rule. */
function counts(form: RegExp): Record<string, number> {
  const verdicts = vectors
    .filter((vector) => form.test(ruleText(vector.case.rule)))
    .map(({ verdict }) => verdict);
  return Object.fromEntries(
    [true, false].map((wanted) => [wanted, verdicts.filter((verdict) => verdict === wanted).length]),
  );
}

/** Modifiers appendix 2.1.0. */
const SPECIFIED =
  'all startswith endswith contains exists cased neq windash re i m s base64 base64offset utf16le utf16be utf16 wide ' +
  'lt lte gt gte minute hour day week month year cidr expand fieldref';

test('every modifier of the specification is evaluated and has vectors', () => {
  for (const modifier of SPECIFIED.split(' ')) {
    assert.ok(MODIFIERS.has(modifier), modifier);
    const { true: matching, false: missing } = counts(new RegExp(`\\|${modifier}(?:\\||"?:)`));
    assert.ok(matching! >= 1 && missing! >= 1, `${modifier}: ${matching} match, ${missing} do not`);
  }
});

test('every form of condition has vectors', () => {
  const forms: readonly [name: string, form: RegExp][] = [
    ['or', /condition: .*\bor\b/],
    ['and', /condition: .*\band\b/],
    ['not', /condition: .*\bnot\b/],
    ['brackets', /condition: .*\(/],
    ['nested brackets', /condition: .*\([^)]*\(/],
    ['1 of them', /condition: .*1 of them/],
    ['all of them', /condition: .*all of them/],
    ['1 of pattern', /condition: .*1 of \w*\*/],
    ['all of pattern', /condition: .*all of \w*\*/],
    ['not 1 of', /condition: .*not 1 of/],
    ['a list of conditions', /condition:\s*(?:\[|\n\s+- )/],
    ['a filter', /^filter:/m],
    ['a placeholder', /%\w+%/],
    ['a keyword search', /keywords:/],
  ];
  for (const [name, form] of forms) {
    const { true: matching, false: missing } = counts(form);
    assert.ok(matching! >= 1 && missing! >= 1, `${name}: ${matching} match, ${missing} do not`);
  }
});
