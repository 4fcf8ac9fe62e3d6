import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { plainEvent } from '../../../../src/detect/sigma/event.ts';
import type { SigmaRule } from '../../../../src/detect/sigma/model.ts';
import { parseRules } from '../../../../src/detect/sigma/parse.ts';
import { RuleIndex } from '../../../../src/detect/sigma/rule-index.ts';
import { compile, ruleText } from './support.ts';

const VERBS = ['create', 'Delete', 'get', ''];
const RESOURCES = ['pods', 'Secrets', 'roles', '403'];

const text = fc.constantFrom(...VERBS, ...RESOURCES, 'p*', '?', '*', 'cre?te');
const value = fc.oneof(text, fc.constantFrom(403, true, null));
const values = fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }));
const texts = fc.uniqueArray(text, { minLength: 2, maxLength: 3 });

const field = fc.constantFrom(
  'verb',
  'objectRef.resource',
  'responseStatus.code',
  'objectRef.name',
  'requestObject.a',
);
const entry = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(field, values) },
  fc.tuple(
    field.map((name) => `${name}|neq`),
    values,
  ),
  fc.tuple(
    field.map((name) => `${name}|all`),
    texts,
  ),
  fc.tuple(
    field.map((name) => `${name}|cased`),
    text,
  ),
  fc.tuple(
    field.map((name) => `${name}|contains`),
    text,
  ),
  fc.tuple(
    field.map((name) => `${name}|exists`),
    fc.boolean(),
  ),
  fc.tuple(
    field.map((name) => `${name}|fieldref`),
    field,
  ),
);
const map = fc.array(entry, { minLength: 1, maxLength: 3 }).map((entries) => Object.fromEntries(entries));
const selection = fc.oneof(
  { weight: 3, arbitrary: map },
  fc.array(map, { minLength: 1, maxLength: 3 }),
  fc.array(fc.constantFrom('pods', 'create'), { minLength: 1 }),
);

const condition = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', 'c', '1 of them', 'all of them', '2 of them', '1 of a*'),
    tie('node').map((inner) => `not (${inner})`),
    fc.tuple(tie('node'), tie('node')).map(([left, right]) => `(${left}) and (${right})`),
    fc.tuple(tie('node'), tie('node')).map(([left, right]) => `(${left}) or (${right})`),
  ),
})).node;

const rule = fc
  .record({ a: selection, b: selection, c: selection, condition })
  .map((detection) => ruleText(stringify(detection)));

const scalar = fc.oneof(
  fc.constantFrom<unknown>(...VERBS, ...RESOURCES, 'CREATE', 'PODS'),
  fc.constantFrom<unknown>(403, true, null, {}, { name: 'x' }),
);
const anything = fc.oneof({ weight: 5, arbitrary: scalar }, fc.array(scalar, { maxLength: 3 }));
const event = fc.record(
  {
    verb: anything,
    objectRef: fc.oneof(
      { weight: 4, arbitrary: fc.record({ resource: anything, name: anything }, { requiredKeys: [] }) },
      fc.array(fc.record({ resource: anything }), { maxLength: 2 }),
      scalar,
    ),
    requestObject: fc.record({ a: anything }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

test('the index finds what holding every rule against the event finds', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 6 }),
      fc.array(event, { minLength: 1, maxLength: 20 }),
      (written, events) => {
        const { rules, problems } = parseRules(
          written.map((body, index) => ({ name: `${index}.yml`, text: body })),
        );
        assert.deepEqual(
          problems.map((problem) => problem.explain()),
          [],
        );
        const index = new RuleIndex(rules);
        for (const fields of events.map(plainEvent)) {
          const brute = rules.filter((each) => each.matches(fields));
          assert.deepEqual(
            index.match(fields).map(({ file }) => file),
            brute.map(({ file }) => file),
          );
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('an event meets only the rules that could match it, and those not of its log source never', () => {
  const files = Array.from({ length: 100 }, (_, number) => ({
    name: `${number}.yml`,
    text: ruleText(`a: {verb: create, objectRef.resource: kind${number}}\ncondition: a`),
  }));
  const foreign = {
    name: 'x.yml',
    text: ruleText('a: {verb: create}\ncondition: a').replace('kubernetes', 'windows'),
  };
  const index = new RuleIndex(parseRules([...files, foreign]).rules);
  const candidates = (verb: string, resource: string) =>
    index.candidates(plainEvent({ verb, objectRef: { resource } })).length;
  assert.equal(candidates('create', 'kind7'), 1);
  assert.equal(candidates('get', 'kind7'), 0);
  assert.equal(candidates('create', 'pods'), 0);
  assert.equal(
    index.candidates(plainEvent({ verb: ['create', 'get'], objectRef: { resource: 'kind7' } })).length,
    100,
  );
});

test('a body is decoded only when everything cheaper holds', () => {
  const cheapLast: SigmaRule = compile(
    ruleText(
      'a:\n  requestObject.spec.hostPID: true\n  gatewatch.actor: x\n  userAgent: kubectl\nk: [evil]\ncondition: k and a',
    ),
  );
  const asked: string[] = [];
  const fields = {
    field(root: string) {
      asked.push(root);
      return root === 'userAgent' ? 'curl' : undefined;
    },
    keywords() {
      asked.push('keywords');
      return [];
    },
  };
  assert.equal(cheapLast.matches(fields), false);
  assert.deepEqual(asked, ['userAgent']);
});
