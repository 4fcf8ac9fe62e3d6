import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { parse, ruleText } from './support.ts';

/** Messages of the warnings of a selection. */
function warningsOf(selection: unknown, condition = 'selection'): string[] {
  const { warnings, problems } = parse(ruleText(stringify({ selection, other: { verb: 'get' }, condition })));
  assert.deepEqual(problems, []);
  return warnings.map(({ message }) => message).filter((message) => !message.includes('does not use'));
}

test('what no audit event can meet is warned of, with the reason', () => {
  const never = 'cannot match a raw audit event: ';
  const table: readonly [selection: unknown, ...warnings: string[]][] = [
    [
      { hostPath: '*' },
      `${never}"hostPath" is not a field of an audit.k8s.io/v1 Event; perhaps "requestObject.spec.volumes.hostPath" is meant.`,
    ],
    [
      { apiGroup: 'apps' },
      `${never}"apiGroup" is not a field of an audit.k8s.io/v1 Event; perhaps "objectRef.apiGroup" is meant.`,
    ],
    [
      { requestUri: 'x' },
      `${never}"requestUri" is not a field of an audit.k8s.io/v1 Event; perhaps "requestURI" is meant.`,
    ],
    [
      { replicas: 3 },
      `${never}"replicas" is not a field of an audit.k8s.io/v1 Event; fields of the object are under "requestObject" and "responseObject".`,
    ],
    [
      { 'user.userName': 'x' },
      `${never}"user.userName" is not a field of "user" of an audit.k8s.io/v1 Event; perhaps "user.username" is meant.`,
    ],
    [
      { 'hostPath|exists': true },
      `${never}"hostPath" is not a field of an audit.k8s.io/v1 Event; perhaps "requestObject.spec.volumes.hostPath" is meant.`,
    ],
    [
      { 'verb|fieldref': 'action' },
      `${never}"action" is not a field of an audit.k8s.io/v1 Event; fields of the object are under "requestObject" and "responseObject".`,
    ],
    [{ 'verb.name': 'x' }, `${never}"verb" has no fields inside it, and "verb.name" looks for one.`],
    [{ user: 'admin' }, `${never}"user" holds fields, not a value that could be compared.`],
    [
      { 'annotations|contains': 'x' },
      `${never}"annotations" holds fields, not a value that could be compared.`,
    ],
    [
      { 'responseStatus.code': 'ALLOW' },
      `${never}"responseStatus.code" is a whole number (int32), never "ALLOW".`,
    ],
    [{ 'responseStatus.code': true }, `${never}"responseStatus.code" is a whole number (int32), never true.`],
    [{ 'responseStatus.code': 2.5 }, `${never}"responseStatus.code" is a whole number (int32), never 2.5.`],
    [
      { 'responseStatus.code|contains': 'x' },
      `${never}"responseStatus.code" is a whole number (int32), never "x".`,
    ],
    [
      { stage: 'Complete' },
      `${never}"stage" is one of RequestReceived, ResponseStarted, ResponseComplete, Panic, never "Complete".`,
    ],
    [
      { verb: 'get', 'x|all': ['a', 'b'] },
      `${never}"x" is not a field of an audit.k8s.io/v1 Event; fields of the object are under "requestObject" and "responseObject".`,
    ],
  ];
  for (const [selection, ...warnings] of table) assert.deepEqual(warningsOf(selection), warnings);
});

test('what some audit event can meet is not warned of', () => {
  for (const selection of [
    { 'requestObject.spec.hostPID': true },
    { 'responseObject.metadata.labels.a.b/c': 'x' },
    { 'oldObject.metadata.name': 'x' },
    { 'gatewatch.anything.at.all': 1 },
    { 'annotations.authorization.k8s.io/decision': 'forbid' },
    { 'user.extra.authentication.kubernetes.io/pod-name': 'x' },
    { 'user.groups.0': 'x' },
    { 'sourceIPs|cidr': '10.0.0.0/8' },
    { 'responseStatus.code': [403, 'ALLOW'] },
    { 'responseStatus.code': '4*' },
    { 'responseStatus.code': '403' },
    { 'responseStatus.code|gte': 400 },
    { 'responseStatus.details.causes.message|contains': 'x' },
    { stage: ['Complete', 'panic'] },
    { 'stage|startswith': 'Response' },
    { hostPath: null },
    { 'hostPath|exists': false },
    { 'hostPath|neq': 'x' },
    { objectRef: '*' },
    ['keyword'],
  ]) {
    assert.deepEqual(warningsOf(selection), [], JSON.stringify(selection));
  }
});

test('a part that cannot match is told from a rule that cannot', () => {
  const part = /^a part of the condition cannot match a raw audit event: /;
  assert.match(warningsOf({ hostPath: '*' }, 'selection or other')[0]!, part);
  assert.match(warningsOf({ hostPath: '*' }, 'other and not selection')[0]!, part);
  assert.match(warningsOf({ hostPath: '*' }, 'other and selection')[0]!, /^cannot match/);
  assert.match(warningsOf({ hostPath: '*' }, '2 of them')[0]!, /^cannot match/);
});
