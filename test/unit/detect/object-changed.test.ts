import assert from 'node:assert/strict';
import test from 'node:test';
import { Detector } from '../../../src/detect/detector.ts';
import { compileRules } from '../../../src/rules/load.ts';
import { DETECT_LIMITS, eventWith, recordOf } from './support.ts';

/** Matches every write that changed its object. */
const changes = compileRules({
  lists: new Map(),
  files: [
    {
      name: 'changed.yml',
      text: `
title: An object is changed
id: changed
logsource: {product: kubernetes, service: audit}
detection: {changed: {verb: [update, patch], gatewatch.object.changed: true}, condition: changed}
`,
    },
  ],
});

const TEMPLATE = { spec: { containers: [{ name: 'c', image: 'nginx' }] } };
const deployment = (replicas: number, changedAt: string | undefined) => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: {
    name: 'engine',
    resourceVersion: String(replicas),
    ...(changedAt && { managedFields: [{ manager: 'kubectl', time: changedAt }] }),
  },
  spec: { replicas, template: TEMPLATE },
});

function written(second: number, verb: string, object: object, fields: object = {}) {
  const time = `2026-11-22T13:00:0${second}.000000Z`;
  return recordOf(
    eventWith({
      auditID: `a${second}`,
      verb,
      requestURI: '/apis/apps/v1/namespaces/dev/deployments/engine',
      objectRef: {
        resource: 'deployments',
        namespace: 'dev',
        name: 'engine',
        apiGroup: 'apps',
        apiVersion: 'v1',
      },
      responseStatus: { code: verb === 'create' ? 201 : 200 },
      requestObject: object,
      responseObject: object,
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      ...fields,
    }),
  );
}

const at = (second: number) => `2026-11-22T13:00:0${second}Z`;

function isChange(former: object, ...write: Parameters<typeof written>): boolean {
  const detector = new Detector(changes, DETECT_LIMITS);
  detector.detect(written(1, 'create', former));
  return detector.detect(written(...write)).signals.length > 0;
}

test('a workload whose template is as it was may be changed all the same', () => {
  const former = deployment(3, at(1));
  const patch = { requestObject: { spec: { replicas: 0 } } };
  assert.equal(isChange(former, 2, 'patch', deployment(0, at(2)), patch), true);
  assert.equal(
    isChange(former, 2, 'update', deployment(0, at(2)), { requestObject: deployment(3, at(1)) }),
    true,
  );
  assert.equal(isChange(former, 2, 'patch', former, { requestObject: { spec: { replicas: 3 } } }), false);
  assert.equal(isChange(former, 2, 'update', former), false, 'the resource version is the same');
});

test('where the answer does not say when it was changed, what is remembered of it tells', () => {
  const former = deployment(3, undefined);
  assert.equal(
    isChange(former, 2, 'patch', former, { requestObject: { spec: { template: TEMPLATE } } }),
    false,
  );
  const other = { ...former, spec: { ...former.spec, template: { spec: { containers: [] } } } };
  assert.equal(isChange(former, 2, 'patch', other, { requestObject: { spec: other.spec } }), true);
});
