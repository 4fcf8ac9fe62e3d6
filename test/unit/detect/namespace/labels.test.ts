import assert from 'node:assert/strict';
import test from 'node:test';
import { applyEdit, labelEdit, labelsOf } from '../../../../src/detect/namespace/label-patch.ts';
import { labelChanges } from '../../../../src/detect/namespace/labels.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';
const VERSION = 'pod-security.kubernetes.io/enforce-version';
const AUDIT = 'pod-security.kubernetes.io/audit';
const GATEKEEPER = 'admission.gatekeeper.sh/ignore';
const OPA = 'openpolicyagent.org/webhook';
const POINTER = '/metadata/labels/pod-security.kubernetes.io~1enforce';

test('what a change of labels means', () => {
  const cases: [before: object, after: object, changes: string][] = [
    [{}, {}, ''],
    [{ [ENFORCE]: 'baseline' }, { [ENFORCE]: 'baseline', team: 'x' }, ''],
    [{ [ENFORCE]: 'restricted' }, { [ENFORCE]: 'baseline' }, 'enforce-lowered'],
    [{ [ENFORCE]: 'baseline' }, { [ENFORCE]: 'privileged' }, 'enforce-lowered'],
    [{ [ENFORCE]: 'baseline' }, {}, 'enforce-removed'],
    [{ [ENFORCE]: 'privileged' }, {}, 'privileged-dropped'],
    [{}, { [ENFORCE]: 'baseline' }, 'enforce-raised'],
    [{}, { [ENFORCE]: 'privileged' }, 'privileged-chosen'],
    [{ [ENFORCE]: 'baseline' }, { [ENFORCE]: 'no-level' }, 'enforce-raised'],
    [{ [ENFORCE]: 'constructor' }, { [ENFORCE]: 'privileged' }, 'enforce-lowered'],
    [{ [ENFORCE]: 'baseline' }, { [ENFORCE]: 'baseline', [VERSION]: 'v1.20' }, 'enforce-version-lowered'],
    [
      { [ENFORCE]: 'baseline', [VERSION]: 'v1.20' },
      { [ENFORCE]: 'baseline', [VERSION]: 'v1.34' },
      'enforce-version-raised',
    ],
    // From v1.34 on no check was added, nor was one of level baseline between these.
    [{ [ENFORCE]: 'restricted' }, { [ENFORCE]: 'restricted', [VERSION]: 'v1.35' }, ''],
    [{ [ENFORCE]: 'restricted' }, { [ENFORCE]: 'restricted', [VERSION]: 'v1.33' }, 'enforce-version-lowered'],
    [{ [ENFORCE]: 'baseline', [VERSION]: 'v1.30' }, { [ENFORCE]: 'baseline', [VERSION]: 'v1.22' }, ''],
    // Before v1.19 it was annotations that said what seccomp profile a pod has.
    [
      { [ENFORCE]: 'baseline', [VERSION]: 'v1.30' },
      { [ENFORCE]: 'baseline', [VERSION]: 'v1.18' },
      'enforce-version-lowered',
    ],
    [
      { [ENFORCE]: 'restricted', [VERSION]: 'v1.30' },
      { [ENFORCE]: 'restricted', [VERSION]: 'v1.22' },
      'enforce-version-lowered',
    ],
    [{ [ENFORCE]: 'baseline', [VERSION]: 'latest' }, { [ENFORCE]: 'baseline' }, ''],
    [{ [VERSION]: 'v1.20' }, { [ENFORCE]: 'baseline', [VERSION]: 'v1.30' }, 'enforce-raised'],
    [{ [ENFORCE]: 'restricted' }, { [ENFORCE]: 'baseline', [VERSION]: 'v1.20' }, 'enforce-lowered'],
    [{}, { [ENFORCE]: 'baseline', [VERSION]: 'v1.20' }, 'enforce-raised'],
    [{ [AUDIT]: 'restricted' }, {}, 'audit-lowered'],
    [{}, { [GATEKEEPER]: '' }, 'exemption-added'],
    [{ [GATEKEEPER]: 'true' }, { [GATEKEEPER]: 'false' }, ''],
    [{ [GATEKEEPER]: 'true' }, {}, 'exemption-removed'],
    [{}, { [OPA]: 'enforce' }, ''],
    [{ [OPA]: 'enforce' }, { [OPA]: 'ignore' }, 'exemption-added'],
    [{ [ENFORCE]: 'baseline' }, { [OPA]: 'ignore' }, 'enforce-removed exemption-added'],
    [{}, { 'policy.sigstore.dev/exclude': 'true' }, 'exemption-added'],
    [{ 'policy.sigstore.dev/include': 'true' }, {}, 'exemption-added'],
    [
      { 'policy.sigstore.dev/include': 'true' },
      { 'policy.sigstore.dev/include': 'false' },
      'exemption-added',
    ],
    [{}, { 'policy.sigstore.dev/include': 'true' }, 'exemption-removed'],
    [{}, { 'securesystemsengineering.connaisseur/webhook': 'ignore' }, 'exemption-added'],
    [{}, { 'securesystemsengineering.connaisseur/webhook': 'validate' }, ''],
    [{}, { 'k-rail/ignore': 'true' }, 'exemption-added'],
  ];
  for (const [before, after, changes] of cases) {
    const found = labelChanges(before as Record<string, string>, after as Record<string, string>);
    assert.equal(found.join(' '), changes, JSON.stringify([before, after]));
  }
});

test('every way of writing a patch of labels', () => {
  const before = { [ENFORCE]: 'baseline', [AUDIT]: 'privileged', team: 'x' };
  const labels = (value: unknown) => ({ metadata: { labels: value } });
  const others = { [AUDIT]: 'privileged', team: 'x' };
  const cases: [body: unknown, after: object][] = [
    [labels({ [ENFORCE]: 'privileged' }), { ...before, [ENFORCE]: 'privileged' }],
    [labels({ [ENFORCE]: null }), others],
    [labels(null), {}],
    [labels({ $patch: 'replace', a: 'b' }), { a: 'b' }],
    [labels({ $patch: 'delete' }), {}],
    [labels({ [ENFORCE]: 1 }), before],
    [labels([]), before],
    [{ spec: {} }, before],
    ['x', before],
    [[{ op: 'replace', path: POINTER, value: 'privileged' }], { ...before, [ENFORCE]: 'privileged' }],
    [[{ op: 'add', path: POINTER, value: 'privileged' }], { ...before, [ENFORCE]: 'privileged' }],
    [[{ op: 'remove', path: POINTER }], others],
    [[{ op: 'test', path: POINTER, value: 'baseline' }], before],
    [
      [{ op: 'copy', from: '/metadata/labels/pod-security.kubernetes.io~1audit', path: POINTER }],
      { ...before, [ENFORCE]: 'privileged' },
    ],
    [
      [{ op: 'move', from: '/metadata/labels/pod-security.kubernetes.io~1audit', path: POINTER }],
      { team: 'x', [ENFORCE]: 'privileged' },
    ],
    [[{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }], { a: 'b' }],
    [[{ op: 'remove', path: '/metadata/labels' }], {}],
    [[{ op: 'replace', path: '/metadata', value: { name: 'n', labels: { a: 'b' } } }], { a: 'b' }],
    [[{ op: 'replace', path: '', value: { metadata: {} } }], {}],
    [[{ op: 'add', path: '/metadata/labels/a~0~1b', value: 'c' }], { ...before, 'a~/b': 'c' }],
    [
      [{ op: 'copy', from: '/metadata/labels/constructor', path: '/metadata/labels/a' }],
      { ...before, a: '' },
    ],
    [[null, 1, 'x', {}, { op: 'add' }, { path: POINTER }], before],
  ];
  for (const [body, after] of cases) {
    assert.deepEqual({ ...applyEdit(labelEdit(body, before), before) }, after, JSON.stringify(body));
  }
});

test('a label that an engine reads cannot be hidden among a great many others', () => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`a${index}`, 'x']));
  const object = { metadata: { labels: { ...many, [ENFORCE]: 'privileged' } } };
  assert.equal(labelsOf(object)[ENFORCE], 'privileged');
  assert.equal(labelEdit(object, {}).set.get(ENFORCE), 'privileged');
  assert.ok(Object.keys(labelsOf(object)).length < 300);
  const operations = Object.keys(many).map((key) => ({
    op: 'add',
    path: `/metadata/labels/${key}`,
    value: 'x',
  }));
  const edit = labelEdit([...operations, { op: 'remove', path: POINTER }], {});
  assert.equal(edit.set.get(ENFORCE), null);
  assert.ok(edit.set.size < 300);
});
