import { listOf, member, stringOf, stringsOf } from '../../decode/json.ts';
import { canonical, without } from '../canonical.ts';
import { ACTION_WORDS, failurePolicy, timeoutSeconds } from '../common-fields.ts';
import { matchConditions, validations } from '../expressions.ts';
import type { Extent } from '../extent.ts';
import { fields, flag, harmless, namedList, ordered, plainList, unjudged } from '../fields.ts';
import type { Compare, Finding, Place } from '../finding.ts';
import { elementsExtent, exemption, matching, openPatternsExtent, patternsExtent, reach } from '../reach.ts';
import { conditionsExtent } from './kyverno-conditions.ts';
import { matchExtent } from './kyverno-match.ts';

const action = ordered('failureAction', ['Audit', 'Enforce'], 'Audit', ACTION_WORDS);

/** Namespaces in which another action than the policy's own is taken: an Audit there is an exemption. */
const overrides: Compare = (before, after, place) => {
  const told = (list: readonly unknown[], word: string): Finding[] =>
    list.map((one) => {
      const audit = stringOf(member(one, 'action'))?.toLowerCase() === 'audit';
      const weakened = audit === (word === 'added');
      return {
        effect: weakened ? 'weakened' : 'strengthened',
        change: weakened ? 'action-lowered' : 'action-raised',
        reason: `${place.subject}override ${canonical(one)} was ${word}`,
      };
    });
  return [
    ...told(without(single(after), single(before)), 'added'),
    ...told(without(single(before), single(after)), 'removed'),
  ];
};

/** Overrides of one namespace each, so that a list that grows is told by what it grows by. */
function single(list: unknown): unknown[] {
  return listOf(list).flatMap((one) => {
    const rest = { action: member(one, 'action'), namespaceSelector: member(one, 'namespaceSelector') };
    const namespaces = stringsOf(member(one, 'namespaces'));
    return namespaces.length === 0 ? [rest] : namespaces.map((namespace) => ({ ...rest, namespace }));
  });
}

/** What a rule demands in a way that only Kyverno can evaluate: gone it demands nothing. */
function demand(noun: string): Compare {
  return (before, after, place) => {
    if (after !== undefined) return unjudged(noun, 'validations-changed')(before, after, place);
    return [
      { effect: 'weakened', change: 'validations-removed', reason: `${place.subject}${noun} was removed` },
    ];
  };
}

/** A demand in one form may have taken the place of one in another form. */
function demands(table: Readonly<Record<string, Compare>>): Compare {
  const compare = fields(table);
  return (before, after, place) => {
    const findings = compare(before, after, place);
    const replaced = FORMS.some(
      (form) => member(after, form) !== undefined && member(before, form) === undefined,
    );
    return findings.map((finding) =>
      replaced && finding.change === 'validations-removed' ? { ...finding, effect: 'unclear' } : finding,
    );
  };
}

const FORMS = ['pattern', 'anyPattern', 'foreach', 'deny', 'podSecurity', 'cel', 'manifests', 'assert'];

const podSecurity = fields({
  level: ordered('podSecurity.level', ['privileged', 'baseline', 'restricted'], 'privileged', {
    weakened: 'level-lowered',
    strengthened: 'level-raised',
  }),
  version: unjudged('podSecurity.version'),
  exclude: exemption('podSecurity.exclude', elementsExtent),
});

/** A denial under conditions: under more of them less is denied. */
const deny = fields({
  conditions: reach(
    { noun: 'deny.conditions', narrowed: 'validations-loosened', widened: 'validations-tightened' },
    conditionsExtent,
  ),
});

const validate = demands({
  failureAction: harmless, // told by what the rule does
  failureActionOverrides: overrides,
  message: harmless,
  allowExistingViolations: flag(
    'allowExistingViolations',
    true,
    true,
    'existing-violations-allowed',
    'existing-violations-refused',
  ),
  pattern: demand('pattern'),
  anyPattern: demand('anyPattern'),
  foreach: demand('foreach'),
  manifests: demand('manifests'),
  assert: demand('assert'),
  deny: orGone('deny', deny),
  podSecurity: orGone('podSecurity', podSecurity),
  cel: orGone('cel', fields({ expressions: validations, auditAnnotations: harmless, generate: harmless })),
});

function orGone(noun: string, compare: Compare): Compare {
  return (before, after, place) => (after === undefined ? demand(noun) : compare)(before, after, place);
}

const verifyImage = fields({
  failureAction: action,
  imageReferences: matching('imageReferences', patternsExtent),
  skipImageReferences: exemption('skipImageReferences', patternsExtent),
  required: flag('verifyImages.required', false, true, 'verification-optional', 'verification-required'),
  verifyDigest: flag('verifyDigest', false, true, 'verification-optional', 'verification-required'),
  mutateDigest: flag('mutateDigest', false, true, 'verification-optional', 'verification-required'),
  cosignOCI11: harmless,
});

const rule = fields({
  match: matching('match', matchExtent),
  exclude: exemption('exclude', matchExtent),
  preconditions: reach(
    { noun: 'preconditions', narrowed: 'preconditions-added', widened: 'preconditions-removed' },
    conditionsExtent,
  ),
  celPreconditions: matchConditions,
  validate: orGone('validate', validate),
  verifyImages: plainList(
    {
      noun: 'verification of images',
      added: ['strengthened', 'verification-added'],
      removed: ['weakened', 'verification-removed'],
    },
    verifyImage,
  ),
  mutate: unjudged('mutate', 'mutation-changed'),
  generate: unjudged('generate', 'generation-changed'),
  reportProperties: harmless,
  skipBackgroundRequests: flag(
    'skipBackgroundRequests',
    true,
    true,
    'background-requests-skipped',
    'background-requests-checked',
  ),
});

const rules = namedList(
  { noun: 'rule', added: ['strengthened', 'rule-added'], removed: ['weakened', 'rule-removed'] },
  rule,
);

const spec = fields({
  rules,
  validationFailureAction: harmless, // told by what each rule does
  validationFailureActionOverrides: overrides,
  admission: flag('admission', false, true, 'admission-off', 'admission-on'),
  background: harmless,
  emitWarning: harmless,
  schemaValidation: harmless,
  generateExisting: harmless,
  generateExistingOnPolicyUpdate: harmless,
  mutateExistingOnPolicyUpdate: harmless,
  useServerSideApply: harmless,
  applyRules: ordered('applyRules', ['One', 'All'], 'All', {
    weakened: 'first-rule-only',
    strengthened: 'all-rules',
  }),
  failurePolicy,
  webhookTimeoutSeconds: timeoutSeconds,
  webhookConfiguration: fields({ failurePolicy, timeoutSeconds, matchConditions }),
});

/** What each rule does about a violation: as it says itself, else as the policy does. */
function actions(before: unknown, after: unknown, place: Place): readonly Finding[] {
  const [was, is] = [actionsOf(before), actionsOf(after)];
  return [...is].flatMap(([name, { own, effective }]) => {
    const former = was.get(name);
    if (!former) return [];
    // Where its own action is all that was named, that of the policy does not stand for the former one.
    const unseen = !place.formerSeen && own !== undefined && former.own === undefined;
    const subject = name === '' ? place.subject : `${place.subject}rule ${name}: `;
    return action(unseen ? undefined : former.effective, effective, { ...place, subject });
  });
}

interface Action {
  readonly own: unknown;
  readonly effective: unknown;
}

function actionsOf(policy: unknown): ReadonlyMap<string, Action> {
  const general = member(policy, 'validationFailureAction');
  const named = listOf(member(policy, 'rules')).flatMap((one, index): [string, Action][] => {
    const [name, validation] = [stringOf(member(one, 'name')) ?? `#${index + 1}`, member(one, 'validate')];
    const own = member(validation, 'failureAction');
    return validation !== undefined ? [[name, { own, effective: own ?? general }]] : [];
  });
  // Without any rule, as in a patch of which nothing else is known, the policy's own action is all there is.
  return new Map(named.length > 0 ? named : [['', { own: general, effective: general }]]);
}

/** By which Kyverno also holds the workloads that make pods to what a rule demands of pods: all of them unless the annotation lists some. */
export const AUTOGEN_ANNOTATION = 'pod-policies.kyverno.io/autogen-controllers';

const autogen = matching('autogen controllers', controllersExtent);

function controllersExtent(before: unknown, after: unknown): Extent {
  const controllers = (value: unknown) =>
    stringOf(value)
      ?.split(/\s*,\s*/)
      .filter((one) => one !== 'none');
  const [was, is] = [controllers(before), controllers(after)];
  if (was?.length === 0 || is?.length === 0) return patternsExtent(was ?? ['*'], is ?? ['*']);
  return openPatternsExtent(was, is);
}

/** ClusterPolicy and Policy of kyverno.io. */
export const kyvernoPolicy = fields({
  metadata: fields({ annotations: fields({ [AUTOGEN_ANNOTATION]: autogen }) }),
  spec: (before, after, place) => [...actions(before, after, place), ...spec(before, after, place)],
});
