import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { taughtBy } from '../../../../src/detect/memory/learn.ts';
import { Memory } from '../../../../src/detect/memory/memory.ts';
import { EventView } from '../../../../src/detect/view.ts';
import { decoded, NO_PAST, recordOf } from '../support.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/policy');
const AFTERWARDS = Date.UTC(2026, 10, 22, 20);

/** What became of admission control, write by write: who, what, which object, effect and first reason. */
function story(name: string): string[] {
  const memory = new Memory({ namespaces_max: 100, objects_bytes_max: 10_000_000, object_bytes_max: 65_536 });
  const lines = gunzipSync(readFileSync(join(FIXTURES, `${name}.ndjson.gz`)))
    .toString()
    .split('\n');
  return lines.filter(Boolean).map((line) => {
    const record = recordOf(line, AFTERWARDS);
    const request = decoded(record);
    const { ref, verb, requestId, time = 0 } = request;
    const object = (path: string) => memory.object(record.key, path)?.before({ time, request: requestId });
    const view = new EventView(request, { ...NO_PAST, object });
    const { effect, changes, reasons } = view.policy!;
    for (const [path, version] of taughtBy(view, NO_PAST).objects)
      memory.learnObject(record.key, path, version);
    const why = reasons[0] ?? changes[0] ?? '';
    return `${request.caller.name.split(':').at(-1)} ${verb} ${view.objectName || ref.resource}: ${effect}, ${why}`;
  });
}

test('every step of tampering with what the API server itself offers', () => {
  const steps = story('native').filter((step) => !/ create /.test(step));
  assert.deepEqual(steps, [
    'bob delete no-privileged-deny: weakened, deleted',
    'kubernetes-admin patch no-privileged-deny: weakened, validationActions Deny → Audit',
    'kubernetes-admin patch no-privileged-deny: weakened, namespaceSelector vap=deny → vap=nope',
    'kubernetes-admin patch no-privileged.lab.example.com: weakened, failurePolicy Fail → Ignore',
    'kubernetes-admin patch no-privileged.lab.example.com: weakened, validation "true" is always true',
    'kubernetes-admin delete no-privileged-deny: weakened, deleted',
    'kubernetes-admin delete broken.lab.example.com: weakened, deleted',
    'kubernetes-admin delete broken: weakened, deleted',
    'kubernetes-admin delete no-privileged-audit: weakened, deleted',
    'kubernetes-admin delete no-privileged-denyaudit: weakened, deleted',
    'kubernetes-admin delete no-privileged-warn: weakened, deleted',
    'kubernetes-admin delete no-privileged.lab.example.com: weakened, deleted',
    'kubernetes-admin deletecollection validatingadmissionpolicies: weakened, deleted',
    'bob delete gatekeeper-validating-webhook-configuration: weakened, deleted',
    'kubernetes-admin patch kyverno-resource-validating-webhook-cfg: weakened, webhook validate.kyverno.svc-fail: failurePolicy Fail → Ignore',
    'kubernetes-admin patch gatekeeper-validating-webhook-configuration: weakened, webhook validation.gatekeeper.sh: namespaceSelector !admission.gatekeeper.sh/ignore → nothing=matches',
    'kubernetes-admin patch gatekeeper-validating-webhook-configuration: weakened, webhook validation.gatekeeper.sh: namespaceSelector nothing=matches → nothing=matches,kubernetes.io/metadata.name notin (gk-team)',
    'kubernetes-admin update gatekeeper-validating-webhook-configuration: weakened, webhook validation.gatekeeper.sh: rules no longer cover CREATE pods, CREATE pods/ephemeralcontainers, CREATE apps/deployments and 3 more',
    'kubernetes-admin patch gatekeeper-validating-webhook-configuration: weakened, webhook validation.gatekeeper.sh: match condition "false" is never true',
    'kubernetes-admin patch gatekeeper-validating-webhook-configuration: weakened, webhook validation.gatekeeper.sh: address https://127.0.0.1:28443/gatekeeper → https://127.0.0.1:28999/evil',
    'kubernetes-admin patch gatekeeper-validating-webhook-configuration: weakened, webhook validation.gatekeeper.sh: objectSelector everything → x=y',
    'kubernetes-admin patch gatekeeper-validating-webhook-configuration: weakened, all webhooks were removed',
    'kubernetes-admin delete gatekeeper-validating-webhook-configuration: weakened, deleted',
    'kubernetes-admin delete injector: weakened, deleted',
    'kubernetes-admin deletecollection validatingwebhookconfigurations: weakened, deleted',
    'kubernetes-admin delete evil-injector: weakened, deleted',
  ]);
});

test('engines that are set up, tampered with and put right again', () => {
  const steps = story('engines');
  assert.deepEqual(
    steps.filter((step) => /^(?:kubernetes-admin|bob) (?!create \S+: strengthened)/.test(step)),
    [
      'bob create allow-node-agent: weakened, exceptions none → disallow-privileged/privileged-containers, disallow-privileged/autogen-privileged-containers',
      'kubernetes-admin patch restrict-registries: weakened, failurePolicy Fail → Ignore',
      'kubernetes-admin patch restrict-registries: weakened, failurePolicy Fail → Ignore',
      'kubernetes-admin patch restrict-registries: strengthened, failurePolicy Ignore → Fail',
      'kubernetes-admin patch no-privileged: weakened, enforcementAction deny → dryrun',
      'kubernetes-admin patch no-privileged: strengthened, enforcementAction dryrun → deny',
      'kubernetes-admin delete disallow-privileged: weakened, deleted',
      'kubernetes-admin patch require-labels: neutral, unchanged',
      'kubernetes-admin patch restrict-registries: neutral, unchanged',
      'kubernetes-admin patch privileged-pods-only: neutral, unchanged',
      'kubernetes-admin patch warn-privileged: neutral, unchanged',
      'kubernetes-admin patch restrict-registries: weakened, failurePolicy Fail → Ignore',
    ],
  );
  const controllers = steps.filter((step) => /^(?:gatekeeper|kyverno)-\S+ update/.test(step));
  assert.deepEqual(
    [...new Set(controllers.map((step) => step.replace(/^(\S+) update \S+: /, '$1 ')))],
    [
      'gatekeeper-admin neutral, unchanged',
      'kyverno-admission-controller neutral, unchanged',
      'kyverno-admission-controller strengthened, webhook validate.kyverno.svc-ignore was added',
      'kyverno-admission-controller strengthened, webhook validate.kyverno.svc-fail was added',
      'kyverno-admission-controller strengthened, webhook vpol.validate.kyverno.svc-ignore was added',
      'kyverno-admission-controller weakened, webhook validate.kyverno.svc-fail was removed',
    ],
  );
});
