import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { Detector } from '../../../src/detect/detector.ts';
import { compileRules } from '../../../src/rules/load.ts';
import { EVERY_RULE, type Selection } from '../../../src/rules/selection.ts';
import { eventWith, recordOf } from '../detect/support.ts';

const RULE = (id: string, more = '') => `
title: Rule ${id}
id: ${id}
name: name_${id}
logsource: {product: kubernetes, service: audit}
tags: [gatewatch.${id}]
detection: {pod: {objectRef.resource: pods}, condition: pod}
${more}
`;

const FILES = [
  { name: 'a.yml', text: [RULE('ch01'), RULE('ch02', 'gatewatch: {enabled: false}')].join('---') },
];

function matching(selection: Selection): string[] {
  const rules = compileRules({ files: FILES, lists: new Map() }, selection);
  const { detect, receive, correlate } = loadConfig({ env: {} });
  const detector = new Detector(rules, { ...detect, ...receive, ...correlate });
  return detector.detect(recordOf(eventWith())).signals.map(({ rule }) => rule);
}

test('a rule that is shipped switched off gives nothing', () => {
  assert.deepEqual(matching({ enable: [], disable: [] }), ['ch01']);
});

test('a rule is switched on by name, id or detection id', () => {
  for (const label of ['name_ch02', 'ch02', 'CH02'])
    assert.deepEqual(matching({ enable: [label], disable: [] }), ['ch01', 'ch02']);
});

test('a rule is switched off, which wins', () => {
  assert.deepEqual(matching({ enable: ['CH02'], disable: ['CH01', 'name_ch02'] }), []);
});

test('tests and lists take every rule', () => {
  assert.deepEqual(matching(EVERY_RULE), ['ch01', 'ch02']);
});

test('a name that no rule has is an error that says where and what was meant', () => {
  assert.throws(
    () => compileRules({ files: FILES, lists: new Map() }, { enable: [], disable: ['name_ch1'] }),
    /No rule has the name, id or detection id "name_ch1"\. Did you mean "name_ch01"/,
  );
});
