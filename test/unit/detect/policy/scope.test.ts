import assert from 'node:assert/strict';
import test from 'node:test';
import { namespacesOf } from '../../../../src/detect/policy/scope.ts';

const ref = (resource: string, name = 'p') => ({
  resource,
  name,
  subresource: '',
  apiGroup: 'admissionregistration.k8s.io',
  apiVersion: 'v1',
  namespace: '',
});
const selector = (team: string) => ({ matchLabels: { team } });
const binding = (policyName: string, team: string) => ({
  spec: { policyName, matchResources: { namespaceSelector: selector(team) } },
});
const nothing = () => undefined;

test('a webhook configuration has a say where one of its webhooks is asked', () => {
  const before = { webhooks: [{ namespaceSelector: selector('a') }, {}] };
  assert.deepEqual(namespacesOf(ref('validatingwebhookconfigurations'), before, nothing), [
    selector('a'),
    {},
  ]);
});

test('a policy has a say where it is bound', () => {
  const before = { spec: { matchConstraints: { namespaceSelector: selector('a') } } };
  const seen = () =>
    new Map([
      ['one', binding('p', 'b')],
      ['other', binding('q', 'c')],
      ['gone', undefined],
    ]);
  const both = ['a', 'b'].map((team) => ({ key: 'team', operator: 'In', values: [team] }));
  assert.deepEqual(namespacesOf(ref('validatingadmissionpolicies'), before, seen), [
    { matchExpressions: both },
  ]);
  assert.deepEqual(
    namespacesOf(ref('validatingadmissionpolicies', 'unbound'), before, seen),
    [],
    'its bindings were seen to go',
  );
  assert.deepEqual(namespacesOf(ref('validatingadmissionpolicies'), before, nothing), [selector('a')]);
  assert.deepEqual(namespacesOf(ref('validatingadmissionpolicybindings'), binding('p', 'b'), nothing), [
    selector('b'),
  ]);
});

test('of a deletion of all it is where each of them had one', () => {
  const seen = () =>
    new Map([
      ['one', binding('p', 'b')],
      ['gone', undefined],
    ]);
  assert.deepEqual(namespacesOf(ref('validatingadmissionpolicybindings', ''), undefined, seen), [
    selector('b'),
  ]);
  assert.equal(namespacesOf(ref('validatingadmissionpolicybindings', ''), undefined, nothing), undefined);
});

test('of other kinds, and of what was never seen, it is not known', () => {
  assert.equal(namespacesOf({ ...ref('x'), apiGroup: 'kyverno.io' }, {}, nothing), undefined);
  assert.equal(namespacesOf(ref('validatingwebhookconfigurations'), undefined, nothing), undefined);
});
