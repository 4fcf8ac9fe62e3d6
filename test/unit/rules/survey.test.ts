import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { compileRules } from '../../../src/rules/load.ts';
import { Survey } from '../../../src/rules/survey.ts';
import { ruleText } from '../detect/sigma/support.ts';
import { eventWith, recordedLines, recordOf } from '../detect/support.ts';

const { detect, receive, correlate } = loadConfig({ env: {} });

function surveyOf(detections: readonly string[], lines: readonly (string | object)[]) {
  const files = detections.map((detection, index) => ({
    name: `${index}.yml`,
    text: ruleText(detection).replace('Test', `Rule ${index}`),
  }));
  const lists = new Map([['none', []]]);
  const survey = new Survey(compileRules({ files, lists }), { ...detect, ...receive, ...correlate });
  for (const line of lines) survey.add(recordOf(line));
  const results = survey.results().map(({ concerned, matched, fields }) => ({ concerned, matched, fields }));
  return { survey, results };
}

test('fields of the events and those that are worked out are counted, also what depends on earlier events', () => {
  const role = (verb: string, verbs: string[], second: number) =>
    eventWith({
      verb,
      auditID: `a${second}`,
      objectRef: {
        resource: 'clusterroles',
        name: 'r',
        apiGroup: 'rbac.authorization.k8s.io',
        apiVersion: 'v1',
      },
      requestURI: '/apis/rbac.authorization.k8s.io/v1/clusterroles/r',
      requestObject: {
        kind: 'ClusterRole',
        metadata: { name: 'r' },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
      },
      requestReceivedTimestamp: `2026-11-22T13:00:0${second}.000001Z`,
      stageTimestamp: `2026-11-22T13:00:0${second}.000002Z`,
    });
  const { results } = surveyOf(
    [
      'a: {objectRef.resource: clusterroles, gatewatch.rbac.power_added: wildcard-verbs}\nk: [r]\ncondition: a and k',
    ],
    [role('create', ['get'], 1), role('update', ['*'], 2), eventWith()],
  );
  assert.deepEqual(results, [
    { concerned: 2, matched: 1, fields: { 'objectRef.resource': 3, 'gatewatch.rbac.power_added': 1 } },
  ]);
});

test('rules that are off are left out, records that are no events counted apart', () => {
  const { survey, results } = surveyOf(
    ['a: {verb: create}\ncondition: a', 'a: {user.username|expand: "%none%"}\ncondition: a'],
    [eventWith(), eventWith({ verb: 7 }), '{}'],
  );
  assert.deepEqual(results, [{ concerned: 1, matched: 1, fields: { verb: 1 } }]);
  assert.deepEqual([survey.events, survey.refused], [1, 2]);
});

test('what the survey counts is what a plain look at recorded events finds', () => {
  const lines = recordedLines('0*');
  const { results } = surveyOf(
    ['a: {verb: create, requestObject.spec.containers.image: x}\ncondition: a'],
    lines,
  );
  const events = lines.map((line) => JSON.parse(line));
  const images = events.filter((event) => {
    const containers = event.requestObject?.spec?.containers;
    return Array.isArray(containers) && containers.some((container) => 'image' in container);
  });
  assert.deepEqual(results[0]!.fields, {
    verb: events.length,
    'requestObject.spec.containers.image': images.length,
  });
  assert.equal(results[0]!.concerned, events.filter(({ verb }) => verb === 'create').length);
});
