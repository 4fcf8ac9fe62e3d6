import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load.ts';
import { compileExists, valuesAt } from '../../src/detect/sigma/event.ts';
import { bitOfPart, POD_PARTS, type PodPart } from '../../src/detect/sigma/traits.ts';
import { EventView } from '../../src/detect/view.ts';
import { podPartsOf } from '../../src/detect/workload/pod-parts.ts';
import { compileRules, readRules } from '../../src/rules/load.ts';
import { decoded, eventWith, NO_PAST, recordOf } from '../unit/detect/support.ts';
import { pods } from './pods.ts';
import { RUNS } from './runs.ts';

const { set } = compileRules(await readRules(loadConfig({ env: {} }).detect));

/** Fields that the shipped rules read of a pod, by the part that they are absent without. */
const FIELDS = (Object.keys(POD_PARTS) as PodPart[]).map((part) => {
  const named = set.rules.flatMap(({ items }) => Array.from(items, ({ field }) => field));
  const within = named.filter((field) =>
    POD_PARTS[part].some((outer) => `${field}.`.startsWith(`${outer}.`)),
  );
  return { part, fields: [...new Set([...POD_PARTS[part], ...within])] };
});

/** Keys that stand for a path, lists where there is an object and the other way round. */
const oddities = fc.constantFrom<(spec: Record<string, unknown>) => Record<string, unknown>>(
  (spec) => spec,
  (spec) => ({ ...spec, containers: { env: [{ value: 'x' }], securityContext: { runAsUser: 0 } } }),
  (spec) => ({ ...spec, containers: [[{ env: [{ value: 'x' }], command: ['sh'] }]] }),
  (spec) => ({ ...spec, containers: [{ 'env.value': 'x', 'securityContext.runAsUser': 0 }, null, 1] }),
  (spec) => ({ ...spec, 'containers.env.value': 'x', 'initContainers.name': 'y' }),
  (spec) => ({ ...spec, volumes: { hostPath: { path: '/' } } }),
  (spec) => ({ ...spec, volumes: [{ hostPath: [{ path: '/' }] }, { hostPath: null }, 'v'] }),
  (spec) => ({ ...spec, hostPID: null, initContainers: [], ephemeralContainers: '' }),
);

test('a part that a pod is said not to have it has not: each field under it is absent', () => {
  fc.assert(
    fc.property(pods, oddities, fc.constantFrom('spec', 'list', 'dotted', 'none'), (pod, odd, shape) => {
      const spec = odd({ ...pod.spec });
      const written = {
        spec: { ...pod, spec },
        list: { metadata: [pod.metadata], spec: [spec] },
        dotted: { metadata: { 'annotations.a': 'b' }, 'spec.hostPID': true, spec },
        none: {},
      }[shape];
      const request = { kind: 'Pod', apiVersion: 'v1', ...written };
      const event = eventWith({ requestObject: request, responseObject: request });
      const view = new EventView(decoded(recordOf(event)), NO_PAST);
      const bits = podPartsOf(view);
      for (const { part, fields } of FIELDS) {
        if (bits & bitOfPart(part)) continue;
        for (const field of fields) {
          assert.deepEqual(valuesAt(view, field), [], field);
          assert.equal(compileExists(field)(view), false, field);
        }
      }
    }),
    { numRuns: RUNS / 10 },
  );
});
