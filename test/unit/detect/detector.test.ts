import assert from 'node:assert/strict';
import test from 'node:test';
import { Detector } from '../../../src/detect/detector.ts';
import type { ReceivedRecord } from '../../../src/record/record.ts';
import { compileRules } from '../../../src/rules/load.ts';
import { DETECT_LIMITS, eventWith, podWrites, recordOf, reviewRecord } from './support.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** Matches every write of a namespace, so that its signals show what was made of it. */
const every = compileRules({
  lists: new Map(),
  files: [
    {
      name: 'every.yml',
      text: `
title: Every write of a namespace
id: every
logsource: {product: kubernetes, service: audit}
detection:
  write:
    objectRef.resource: namespaces
  condition: write
`,
    },
  ],
});

const detectorOf = (rules = every) => new Detector(rules, DETECT_LIMITS);

function namespaceEvent(
  second: number,
  verb: string,
  enforce: string | undefined,
  fields: object = {},
): ReceivedRecord {
  const labels = { 'kubernetes.io/metadata.name': 'dev', ...(enforce ? { [ENFORCE]: enforce } : {}) };
  const object = { kind: 'Namespace', metadata: { name: 'dev', labels } };
  const time = `2026-11-22T13:00:0${second}.000000Z`;
  return recordOf(
    eventWith({
      auditID: `${verb}${second}`,
      verb,
      objectRef: { resource: 'namespaces', name: 'dev', namespace: 'dev', apiVersion: 'v1' },
      requestObject: object,
      responseObject: object,
      responseStatus: { code: 200 },
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      ...fields,
    }),
  );
}

function changesOf(detector: Detector, record: ReceivedRecord): string {
  const change = detector.detect(record).signals[0]?.namespace;
  return change ? `${change.enforce_before ?? '?'} ${change.enforce_after} ${change.changes.join()}` : 'none';
}

test('what a write changes is told from the one before, also when it is read again', () => {
  const detector = detectorOf();
  const create = namespaceEvent(1, 'create', 'baseline');
  const lower = namespaceEvent(2, 'patch', 'privileged');
  const remove = namespaceEvent(3, 'update', undefined);
  for (let round = 0; round < 3; round++) {
    assert.equal(changesOf(detector, create), '? baseline enforce-raised');
    assert.equal(changesOf(detector, lower), 'baseline privileged enforce-lowered');
    assert.equal(changesOf(detector, remove), 'privileged privileged privileged-dropped');
  }
});

test('posture that was stored and read back says the same', () => {
  const detector = detectorOf();
  const record = namespaceEvent(1, 'create', 'restricted');
  const { learnt } = detector.detect(record);
  const other = detectorOf();
  other.restore(learnt.map((change) => JSON.parse(JSON.stringify(change))));
  const finalize = namespaceEvent(2, 'update', 'baseline', {
    objectRef: { resource: 'namespaces', subresource: 'finalize', name: 'dev', namespace: 'dev' },
  });
  assert.equal(changesOf(other, finalize), 'restricted baseline enforce-lowered');
  assert.equal(changesOf(detectorOf(), namespaceEvent(2, 'update', 'baseline')), '? baseline ');
});

test('a patch whose former labels were never seen is taken at its word', () => {
  const patch = (labels: object | null, level: string | undefined) =>
    changesOf(detectorOf(), namespaceEvent(2, 'patch', level, { requestObject: { metadata: { labels } } }));
  assert.equal(patch({ [ENFORCE]: 'privileged' }, 'privileged'), '? privileged enforce-lowered');
  assert.equal(patch({ [ENFORCE]: null }, undefined), '? privileged enforce-removed');
  assert.equal(patch(null, undefined), '? privileged enforce-removed');
  assert.equal(patch({ team: 'x' }, 'privileged'), '? privileged ');
});

test('the level that a pod was held to stands for labels that were never seen', () => {
  const detector = detectorOf();
  const annotations = { 'pod-security.kubernetes.io/enforce-policy': 'restricted:v1.30' };
  detector.detect(recordOf(eventWith({ annotations })));
  const lower = namespaceEvent(2, 'patch', 'baseline', { requestObject: { metadata: { labels: {} } } });
  assert.equal(changesOf(detector, lower), 'restricted baseline enforce-lowered');
});

test('neither a refused write nor a dry run is remembered; a deletion is', () => {
  const again = (fields: object, verb = 'patch') => {
    const detector = detectorOf();
    detector.detect(namespaceEvent(1, 'create', 'baseline'));
    detector.detect(namespaceEvent(2, verb, 'privileged', fields));
    return changesOf(detector, namespaceEvent(3, 'patch', 'privileged'));
  };
  const lowered = 'baseline privileged enforce-lowered';
  assert.equal(again({ responseStatus: { code: 403 } }), lowered);
  assert.equal(again({ requestURI: '/api/v1/namespaces/dev?dryRun=All' }), lowered);
  assert.equal(again({ requestObject: { kind: 'DeleteOptions', dryRun: ['All'] } }, 'delete'), lowered);
  assert.equal(again({ responseStatus: { code: 404 } }, 'delete'), lowered);
  assert.equal(again({}, 'delete'), 'privileged privileged privileged-chosen');
});

test('the event takes the place of the review of the same request', () => {
  const detector = detectorOf();
  const resource = { group: '', version: 'v1', resource: 'namespaces' };
  const review = reviewRecord({
    uid: 'u1',
    operation: 'UPDATE',
    resource,
    name: 'dev',
    object: {},
    oldObject: {},
  });
  const event = namespaceEvent(1, 'update', 'baseline', {
    annotations: { 'observer.gatewatch.dev/uid': 'u1' },
  });
  const [pending] = detector.detect(review).signals;
  const [answered] = detector.detect(event).signals;
  assert.deepEqual(answered?.replaces, [pending?.id]);
  assert.deepEqual([pending?.admission.outcome, answered?.admission.outcome], ['pending', 'admitted']);
});

test('an apply that leaves a workload as it was is no write of its pod, also where managedFields are left out', () => {
  const detector = detectorOf(podWrites());
  const deployment = (image: string, replicas: number) => ({
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas, template: { spec: { containers: [{ name: 'c', image }] } } },
  });
  const writes = (second: number, image: string, replicas = 1): boolean => {
    const object = deployment(image, replicas);
    const time = `2026-11-22T13:00:0${second}.000000Z`;
    const event = eventWith({
      auditID: `a${second}`,
      verb: second === 1 ? 'create' : 'patch',
      objectRef: { resource: 'deployments', apiGroup: 'apps', name: 'web', namespace: 'dev' },
      responseStatus: { code: second === 1 ? 201 : 200 },
      requestObject: object,
      responseObject: object,
      requestReceivedTimestamp: time,
      stageTimestamp: time,
    });
    return detector.detect(recordOf(event)).signals.length > 0;
  };
  assert.deepEqual(
    [writes(1, 'a'), writes(2, 'a'), writes(3, 'a', 5), writes(4, 'b')],
    [true, false, false, true],
  );
});
