import assert from 'node:assert/strict';

import test from 'node:test';
import { applyPatch } from '../../../../src/detect/patch/apply.ts';
import { EventView, type Past } from '../../../../src/detect/view.ts';
import type { PolicyChange } from '../../../../src/record/signal.ts';
import { decoded, eventWith, NO_PAST, recordOf, reviewRecord, wrongTypesIn } from '../support.ts';
import { ADMISSION } from './support.ts';

const REF = {
  resource: 'validatingwebhookconfigurations',
  name: 'hooks',
  apiGroup: ADMISSION,
  apiVersion: 'v1',
};

const STRONG = {
  apiVersion: `${ADMISSION}/v1`,
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'hooks' },
  webhooks: [{ name: 'a.x', failurePolicy: 'Fail', clientConfig: { url: 'https://x.example' } }],
};
const WEAK = { ...STRONG, webhooks: [{ ...STRONG.webhooks[0], failurePolicy: 'Ignore' }] };
const PATCH = [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }];

function policyOf(event: object, past: Past = NO_PAST): PolicyChange | undefined {
  return new EventView(decoded(recordOf(eventWith(event))), past).policy;
}

function knowing(body: object): Past {
  const version = { time: 1, request: 'r', body: JSON.stringify(body) };
  return {
    ...NO_PAST,
    object: (path) => (path === 'validatingwebhookconfigurations/hooks' ? version : undefined),
  };
}

const patched = { verb: 'patch', objectRef: REF, responseStatus: { code: 200 }, requestObject: PATCH };

test('a change is judged by what the object was and is', () => {
  const change = {
    engine: 'webhook',
    effect: 'weakened',
    changes: ['failure-policy-ignore'],
    reasons: ['webhook a.x: failurePolicy Fail → Ignore'],
    // It had a say everywhere.
    namespaces: [{}],
  };
  const known = knowing(STRONG);
  assert.deepEqual(policyOf({ ...patched, responseObject: WEAK }, known), change, 'with the answer');
  assert.deepEqual(policyOf(patched, known), change, 'with the patch alone');
  assert.deepEqual(policyOf({ ...patched, verb: 'update', requestObject: WEAK }, known), change, 'replaced');
  const refused = { responseStatus: { code: 403, message: 'no' }, responseObject: { kind: 'Status' } };
  assert.deepEqual(policyOf({ ...patched, ...refused }, known), change, 'refused');
  assert.deepEqual(
    policyOf({ ...patched, requestURI: '/x?dryRun=All', responseObject: WEAK }, known),
    change,
    'dry run',
  );
  const back = {
    ...patched,
    requestObject: applyPatch(WEAK, [{ ...PATCH[0], value: 'Fail' }]),
    verb: 'update',
  };
  assert.equal(policyOf(back, knowing(WEAK))?.effect, 'strengthened');
});

test('a review brings both along', () => {
  const review = {
    uid: 'u',
    operation: 'UPDATE',
    resource: { group: ADMISSION, version: 'v1', resource: REF.resource },
    name: REF.name,
    userInfo: { username: 'alice' },
    object: WEAK,
    oldObject: STRONG,
  };
  assert.equal(new EventView(decoded(reviewRecord(review)), NO_PAST).policy?.effect, 'weakened');
});

test('without a former object a patch is judged by what it names, anything else by nobody', () => {
  const set = ['webhook a.x: failurePolicy set to Ignore (former value not seen)'];
  assert.deepEqual(policyOf({ ...patched, responseObject: WEAK })?.reasons, set);
  assert.equal(policyOf({ ...patched, responseObject: WEAK })?.effect, 'weakened');
  assert.equal(policyOf(patched)?.effect, 'weakened');
  const partial = { ...STRONG, webhooks: [{ name: 'a.x', failurePolicy: 'Ignore' }] };
  assert.equal(
    policyOf({ ...patched, requestObject: partial, responseObject: WEAK })?.effect,
    'weakened',
    'apply',
  );
  assert.equal(
    policyOf({ ...patched, requestObject: WEAK, responseObject: WEAK })?.effect,
    'unclear',
    'GitOps',
  );
  assert.equal(policyOf({ ...patched, verb: 'update', requestObject: WEAK })?.effect, 'unclear');
  const cut = policyOf({ ...patched, requestObject: undefined });
  assert.deepEqual([cut?.effect, cut?.changes], ['unclear', ['not-recorded']]);
});

test('an unchanged apply changes nothing, but a patch that takes away leaves no trace and is believed', () => {
  const metadata = { name: 'hooks', managedFields: [{ manager: 'm', time: '2026-11-22T12:00:00Z' }] };
  const answer = { ...WEAK, metadata };
  assert.deepEqual(policyOf({ ...patched, responseObject: answer }), {
    engine: 'webhook',
    effect: 'neutral',
    changes: ['unchanged'],
    reasons: [],
  });
  assert.deepEqual(policyOf({ ...patched, responseObject: answer }, knowing(WEAK))?.changes, ['unchanged']);
  const emptied = { ...patched, requestObject: [{ op: 'replace', path: '/webhooks', value: [] }] };
  const found = policyOf({ ...emptied, responseObject: { ...STRONG, metadata, webhooks: undefined } });
  assert.deepEqual([found?.effect, found?.changes], ['weakened', ['webhooks-emptied']]);
});

test('what comes and goes', () => {
  assert.deepEqual(policyOf({ objectRef: REF, requestObject: WEAK })?.changes, ['created']);
  const applied = { ...patched, responseStatus: { code: 201 }, requestObject: WEAK, responseObject: WEAK };
  assert.deepEqual(policyOf(applied)?.changes, ['created']);
  assert.equal(policyOf({ verb: 'delete', objectRef: REF })?.effect, 'weakened');
  assert.deepEqual(policyOf({ verb: 'deletecollection', objectRef: { ...REF, name: undefined } })?.changes, [
    'deleted',
  ]);
});

test('what is not admission control has no policy', () => {
  assert.equal(policyOf({}), undefined);
  assert.equal(policyOf({ verb: 'get', objectRef: REF }), undefined);
  assert.equal(policyOf({ ...patched, objectRef: { ...REF, apiGroup: 'example.com' } }), undefined);
  assert.equal(policyOf({ ...patched, objectRef: { ...REF, subresource: 'status' } }), undefined);
  assert.equal(
    policyOf({ ...patched, objectRef: { resource: 'constructor', apiGroup: '__proto__', name: 'x' } }),
    undefined,
  );
  assert.equal(
    policyOf({ ...patched, objectRef: { resource: 'configmaps', namespace: 'dev', name: 'x' } }),
    undefined,
  );
});

test('ConfigMaps of Kyverno and of OPA', () => {
  const filters = { data: { resourceFilters: '[*,victim,*]' } };
  const settings = { resource: 'configmaps', namespace: 'policy', name: 'kyverno' };
  assert.equal(policyOf({ ...patched, objectRef: settings, requestObject: filters })?.effect, 'weakened');
  const labelled = {
    metadata: { labels: { 'openpolicyagent.org/policy': 'rego' } },
    data: { main: 'package x' },
  };
  const module = { resource: 'configmaps', namespace: 'guard', name: 'rules' };
  assert.deepEqual(policyOf({ objectRef: module, requestObject: labelled }), {
    engine: 'opa',
    effect: 'strengthened',
    changes: ['created'],
    reasons: ['created'],
  });
  assert.equal(policyOf({ verb: 'delete', objectRef: { ...module, namespace: 'opa' } })?.effect, 'weakened');
  assert.equal(
    policyOf({ verb: 'delete', objectRef: { ...module, namespace: 'opa', name: 'kube-root-ca.crt' } }),
    undefined,
  );
});

test('no value of any type in any place is too much', () => {
  const update = { ...patched, verb: 'update', requestObject: structuredClone(WEAK) };
  for (const body of [
    update,
    { ...patched, requestObject: structuredClone(PATCH), responseObject: structuredClone(WEAK) },
  ]) {
    for (const { key, wrong } of wrongTypesIn(body)) {
      for (const past of [NO_PAST, knowing(STRONG), knowing(wrong as object)]) {
        let view: EventView;
        try {
          view = new EventView(decoded(recordOf(eventWith(body))), past);
        } catch {
          continue; // no event at all
        }
        assert.doesNotThrow(() => JSON.stringify(view.policy), `${key} ${JSON.stringify(wrong)}`);
      }
    }
  }
});

test('an object that was never seen is not taken for one that judged nothing because a patch leaves it so', () => {
  const emptied = { ...STRONG, webhooks: [] };
  for (const requestObject of [
    [{ op: 'remove', path: '/webhooks/0' }],
    [{ op: 'replace', path: '/webhooks', value: [] }],
    { webhooks: [] },
    { webhooks: null },
  ]) {
    const change = policyOf({ ...patched, requestObject, responseObject: emptied });
    assert.deepEqual(change?.changes, ['webhooks-emptied']);
    assert.deepEqual(change?.namespaces, [{}], JSON.stringify(requestObject));
  }
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] }];
  const ignoring = { ...WEAK, webhooks: [{ ...WEAK.webhooks[0], rules }] };
  assert.deepEqual(policyOf({ ...patched, responseObject: ignoring })?.namespaces, [], 'nor the other way');
});
