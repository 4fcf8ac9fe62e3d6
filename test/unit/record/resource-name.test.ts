import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGroupVersionResource, resourceOfKind } from '../../../src/record/resource-name.ts';

test('the resource of a kind', () => {
  for (const [kind, resource] of [
    ['Pod', 'pods'],
    ['Ingress', 'ingresses'],
    ['NetworkPolicy', 'networkpolicies'],
    ['Endpoints', 'endpoints'],
    ['K8sAllowedRepos', 'k8sallowedreposes'],
    ['', ''],
    [undefined, ''],
    [7, ''],
  ] as const)
    assert.equal(resourceOfKind(kind), resource);
});

test('a resource as Go prints it', () => {
  assert.deepEqual(parseGroupVersionResource('apps/v1, Resource=deployments'), {
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
  });
  assert.equal(parseGroupVersionResource('/v1, Resource=pods')?.group, '');
  for (const text of ['', 'pods', '/v1, Kind=Pod', '/, Resource=pods', undefined, {}])
    assert.equal(parseGroupVersionResource(text), undefined);
});
