import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compileExists, valuesAt } from '../../../../src/detect/sigma/event.ts';
import { EventView, type Past } from '../../../../src/detect/view.ts';
import type { ReceivedRecord } from '../../../../src/record/record.ts';
import { decoded, eventWith, NO_PAST, recordOf, wrongTypesIn } from '../support.ts';

const FIXTURE = join(import.meta.dirname, '../../../fixtures/detect/workloads.ndjson');
const FIELDS = [
  'container_added',
  'image',
  'registry',
  'repository',
  'tag',
  'unpinned',
  'mirror',
  'command',
  'host_path',
];

function view(record: ReceivedRecord): EventView {
  return new EventView(decoded(record), NO_PAST);
}

const values = (event: EventView, field: string) => valuesAt(event, `gatewatch.pod.${field}`);

test('the images of recorded workloads', () => {
  const [latest, untagged, miner, cronJob, patched, mirror] = readFileSync(FIXTURE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => view(recordOf(line)));
  const images = (event: EventView | undefined) =>
    ['repository', 'tag', 'unpinned'].map((field) => values(event!, field).join());
  assert.deepEqual(images(latest), ['docker.io/library/nginx', 'latest', 'nginx:latest']);
  assert.deepEqual(images(untagged), ['docker.io/library/nginx', 'latest', 'nginx']);
  assert.deepEqual(images(miner), ['docker.io/xmrig/xmrig', '6.21', '']);
  assert.deepEqual(images(cronJob), ['docker.io/library/alpine', 'latest', 'alpine']);
  assert.deepEqual(images(patched), ['docker.io/library/nginx', '1.27', '']);
  assert.deepEqual(values(cronJob!, 'spec.hostPID'), [true]);
  assert.deepEqual(values(miner!, 'metadata.labels.app').length, 1);
  assert.deepEqual(
    [latest!, mirror!].map((event) => values(event, 'mirror')[0]),
    [false, true],
  );
});

test('the images of all containers, and what has none is absent', () => {
  const spec = {
    initContainers: [{ image: 'ghcr.io/acme/init' }],
    containers: [{ image: 'nginx:1' }, { image: 5 }, null, { image: '' }],
    ephemeralContainers: [{ image: 'quay.io/x/debug:latest' }],
  };
  const pod = (podSpec: object) =>
    view(recordOf(eventWith({ requestObject: { kind: 'Pod', spec: podSpec } })));
  assert.deepEqual(values(pod(spec), 'registry'), ['ghcr.io', 'docker.io', 'quay.io']);
  assert.deepEqual(values(pod(spec), 'unpinned'), ['ghcr.io/acme/init', 'quay.io/x/debug:latest']);
  for (const field of ['image', 'registry', 'tag', 'unpinned', 'command', 'host_path'])
    assert.equal(compileExists(`gatewatch.pod.${field}`)(pod({})), false, field);
});

test('of a pod that is given a debug container only that one counts', () => {
  const spec = { containers: [{ image: 'old' }], ephemeralContainers: [{ image: 'debug:1' }] };
  const event = eventWith({
    verb: 'patch',
    objectRef: { resource: 'pods', subresource: 'ephemeralcontainers', name: 'p', namespace: 'dev' },
    responseStatus: { code: 200 },
    responseObject: { kind: 'Pod', spec },
  });
  assert.deepEqual(values(view(recordOf(event)), 'image'), ['debug:1']);
});

test('containers that a change adds, where it is known what was there', () => {
  const deployment = (...names: string[]) => ({
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    spec: { template: { spec: { containers: names.map((name) => ({ name, image: 'nginx' })) } } },
  });
  const update = eventWith({
    verb: 'update',
    objectRef: { resource: 'deployments', apiGroup: 'apps', name: 'web', namespace: 'dev' },
    responseStatus: { code: 200 },
    requestObject: deployment('web', 'sidecar'),
  });
  const added = (event: object, past: Past) =>
    values(new EventView(decoded(recordOf(event)), past), 'container_added');
  const knowing = (body: Record<string, unknown>): Past => ({
    ...NO_PAST,
    object: () => ({ time: 0, request: 'r', body: JSON.stringify(body) }),
  });
  assert.deepEqual(added(update, knowing(deployment('web'))), ['sidecar']);
  assert.deepEqual(added(update, knowing(deployment('sidecar', 'web'))), []);
  assert.deepEqual(added(update, NO_PAST), []);
  const created = { ...update, verb: 'create', responseStatus: { code: 201 } };
  assert.deepEqual(added(created, knowing(deployment('web'))), []);
});

test('annotations are found by their names, whatever else is called like their beginning', () => {
  const annotations = { container: 'x', 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' };
  const requestObject = { kind: 'Pod', metadata: { annotations }, spec: {} };
  const field = 'metadata.annotations.container.apparmor.security.beta.kubernetes.io/c';
  assert.deepEqual(values(view(recordOf(eventWith({ requestObject }))), field), ['unconfined']);
});

test('a wrong type in the place of any field throws nothing', () => {
  const requestObject = {
    kind: 'Pod',
    metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } },
    spec: {
      containers: [{ image: 'nginx', command: ['a'], livenessProbe: { exec: { command: ['b'] } } }],
      volumes: [{ hostPath: { path: '/' } }],
    },
  };
  for (const _ of wrongTypesIn(requestObject)) {
    const event = view(recordOf(eventWith({ requestObject })));
    for (const field of FIELDS) values(event, field);
  }
});
