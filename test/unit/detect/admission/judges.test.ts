import assert from 'node:assert/strict';
import test from 'node:test';
import { Detector } from '../../../../src/detect/detector.ts';
import { DETECT_LIMITS, eventWith, podWrites, recordOf } from '../support.ts';

const pods = podWrites();

const FAILURES = 'validation.policy.admission.k8s.io/validation_failure';
const REFUSAL = `pods "p" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'no-root-everywhere' denied request: no`;
const NO_ROOT = [
  'validatingadmissionpolicies/no-root',
  'validatingadmissionpolicybindings/no-root-everywhere',
];

function podEvent(second: number, namespace: string, fields: object = {}) {
  const time = `2026-11-22T13:00:0${second}.000000Z`;
  return recordOf(
    eventWith({
      auditID: `${namespace}${second}`,
      requestURI: `/api/v1/namespaces/${namespace}/pods`,
      objectRef: { resource: 'pods', namespace, apiVersion: 'v1' },
      requestObject: { kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }] } },
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      ...fields,
    }),
  );
}

const refused = (second: number, namespace: string, message = REFUSAL) =>
  podEvent(second, namespace, {
    responseStatus: { status: 'Failure', message, code: 403 },
    responseObject: undefined,
  });
const reported = (annotation: unknown) => ({
  annotations: { [FAILURES]: typeof annotation === 'string' ? annotation : JSON.stringify(annotation) },
});

function judgesOf(detector: Detector, ...records: ReturnType<typeof recordOf>[]) {
  return records.map((record) => detector.detect(record).signals[0]?.judges);
}

test('a policy that has refused or reported something in a namespace is known to have a say there, and no earlier', () => {
  const detector = new Detector(pods, DETECT_LIMITS);
  const records = [podEvent(1, 'dev'), refused(2, 'dev'), podEvent(3, 'dev'), podEvent(4, 'prod')];
  const expected = [undefined, NO_ROOT, NO_ROOT, undefined];
  assert.deepEqual(judgesOf(detector, ...records), expected);
  assert.deepEqual(judgesOf(detector, ...records), expected, 'read again');

  const failure = { policy: 'audited', binding: 'audits', validationActions: ['Audit'] };
  const audited = ['validatingadmissionpolicies/audited', 'validatingadmissionpolicybindings/audits'];
  assert.deepEqual(judgesOf(detector, podEvent(5, 'dev', reported([failure, failure]))), [
    [...NO_ROOT, ...audited],
  ]);
  const { learnt } = new Detector(pods, DETECT_LIMITS).detect(refused(6, 'qa'));
  const other = new Detector(pods, DETECT_LIMITS);
  other.restore(JSON.parse(JSON.stringify(learnt)));
  assert.deepEqual(judgesOf(other, podEvent(7, 'qa')), [NO_ROOT], 'stored and read back');
});

test('a policy of an engine is known by what its webhook says', () => {
  const judges = (webhook: string, words: string) =>
    judgesOf(
      new Detector(pods, DETECT_LIMITS),
      refused(1, 'dev', `admission webhook "${webhook}" denied the request: ${words}`),
    )[0];
  assert.deepEqual(judges('validation.gatekeeper.sh', '[no-root] runs as root'), ['gatekeeper/no-root']);
  assert.deepEqual(judges('validation.gatekeeper.sh', 'no'), undefined);
  const kyverno = 'resource Pod/dev/p was blocked due to the following policies\n\nno-root:\n  rule: no';
  assert.deepEqual(judges('validate.kyverno.svc-fail', kyverno), ['kyverno/no-root']);
  for (const name of ['clusterwide-', 'clusterwide-group-', 'namespaced-dev-', 'namespaced-group-dev-'])
    assert.deepEqual(judges(`${name}no-root.kubewarden.admission`, 'no'), ['kubewarden/no-root'], name);
  assert.deepEqual(judges('other.kubewarden.admission', 'no'), undefined);
});

test('what others say, and what is no finding, names no policy', () => {
  const refusedBy = (message: string) =>
    judgesOf(new Detector(pods, DETECT_LIMITS), refused(1, 'dev', message));
  assert.deepEqual(refusedBy('pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged'), [
    undefined,
  ]);
  assert.deepEqual(refusedBy('admission webhook "a.b.c" denied the request: [no-root] no'), [undefined]);
  for (const annotation of [
    '',
    '{',
    'null',
    '{"policy":"p"}',
    '[null, 1, {"policy": 1, "binding": ["b"]}, {"binding": ""}]',
  ])
    assert.deepEqual(
      judgesOf(new Detector(pods, DETECT_LIMITS), podEvent(1, 'dev', reported(annotation))),
      [undefined],
      annotation,
    );
  const many = Array.from({ length: 100 }, (_, index) => ({ policy: `p${index}` }));
  const [judges] = judgesOf(new Detector(pods, DETECT_LIMITS), podEvent(1, 'dev', reported(many)));
  assert.equal(judges?.length, 32);
});
