import type { PolicyEffect } from '../../record/signal.ts';
import type { ObjectRef } from '../decode/request.ts';
import { fields, harmless, unjudged } from './fields.ts';
import type { Compare } from './finding.ts';
import { mutatingAdmissionPolicy, validatingAdmissionPolicy } from './kinds/admission-policy.ts';
import {
  mutatingAdmissionPolicyBinding,
  validatingAdmissionPolicyBinding,
} from './kinds/admission-policy-binding.ts';
import { gatekeeperConfig, gatekeeperProvider, gatekeeperSyncSet } from './kinds/gatekeeper-config.ts';
import { gatekeeperConstraint } from './kinds/gatekeeper-constraint.ts';
import { gatekeeperExpansion, gatekeeperMutator } from './kinds/gatekeeper-mutator.ts';
import { gatekeeperTemplate } from './kinds/gatekeeper-template.ts';
import { ratifySetting, sigstoreImagePolicy, sigstoreTrustRoot } from './kinds/image-policy.ts';
import { kubewardenGroup, kubewardenPolicy } from './kinds/kubewarden-policy.ts';
import { kubewardenServer } from './kinds/kubewarden-server.ts';
import {
  kyvernoImageValidatingPolicy,
  kyvernoMutatingPolicy,
  kyvernoValidatingPolicy,
} from './kinds/kyverno-cel-policy.ts';
import { kyvernoConfiguration } from './kinds/kyverno-configuration.ts';
import { kyvernoException } from './kinds/kyverno-exception.ts';
import { kyvernoPolicy } from './kinds/kyverno-policy.ts';
import { isOpaPolicy, namesOpaLabel, opaPolicy } from './kinds/opa-policy.ts';
import {
  mutatingWebhookConfiguration,
  validatingWebhookConfiguration,
} from './kinds/webhook-configuration.ts';
import {
  admissionPolicyScope,
  bindingScope,
  validatingWebhooksScope,
  webhooksScope,
} from './scopes/api-server.ts';
import { configScope, constraintScope, templateScope } from './scopes/gatekeeper.ts';
import { kubewardenScope, serverScope } from './scopes/kubewarden.ts';
import { configurationScope, exceptionScope, kyvernoCelScope, kyvernoScope } from './scopes/kyverno.ts';
import { everywhere, nowhere, type PolicyScope } from './scopes/scope.ts';

/** A kind of object that makes up admission control. */
export interface PolicyKind {
  readonly engine: string;
  /** The parts of an object that say what it does. */
  readonly parts: readonly string[];
  readonly compare: Compare;
  /** What it means that such an object comes, or goes. */
  readonly created: PolicyEffect;
  readonly deleted: PolicyEffect;
  /** What it exempts weakens as soon as it is there, whatever its creation means besides. */
  readonly exempts?: true;
  /** For which namespaces it is, where that can be told. */
  readonly scope?: PolicyScope;
  /** Of a definition of a kind: the resource that it defines. All objects of it go with it. */
  readonly defines?: string;
}

function kind(engine: string, compare: Compare, differing: Partial<PolicyKind> = {}): PolicyKind {
  return { engine, compare, parts: ['spec'], created: 'strengthened', deleted: 'weakened', ...differing };
}

/** What changes objects is no protection by itself, and a way in for whoever owns it. */
const CHANGING = { created: 'unclear', scope: nowhere } as const;

/** What exempts, the other way round. */
const EXEMPTING = { exempts: true, created: 'weakened', deleted: 'strengthened' } as const;

/** What destroys objects by a schedule. */
const DESTROYING = { created: 'unclear', deleted: 'neutral' } as const;

const destroying = (engine: string): PolicyKind =>
  kind(engine, fields({ spec: unjudged('spec', 'schedule-changed') }), DESTROYING);

const WEBHOOKS = { parts: ['webhooks'] } as const;

const kyvernoClassic = kind('kyverno', kyvernoPolicy, { parts: ['metadata', 'spec'], scope: kyvernoScope });
const kyvernoValidating = kind('kyverno', kyvernoValidatingPolicy, { scope: kyvernoCelScope });
const kyvernoImages = kind('kyverno', kyvernoImageValidatingPolicy, { scope: kyvernoCelScope });
const kyvernoMutating = kind('kyverno', kyvernoMutatingPolicy, CHANGING);
const exception = kind('kyverno', kyvernoException, EXEMPTING);
const constraint = kind('gatekeeper', gatekeeperConstraint, { scope: constraintScope });
const mutator = kind('gatekeeper', gatekeeperMutator, CHANGING);
const kubewarden = kind('kubewarden', kubewardenPolicy, { scope: kubewardenScope });
const kubewardenOfGroup = kind('kubewarden', kubewardenGroup, { scope: kubewardenScope });

/** Of what policies rest on nobody here can judge what it lets pass: without it more may, or nothing. */
const FOUNDATION = { created: 'neutral', deleted: 'unclear', scope: nowhere } as const;

const ratify = kind('ratify', ratifySetting, FOUNDATION);

const RATIFY_RESOURCES = ['policies', 'verifiers', 'stores', 'keymanagementproviders', 'certificatestores'];

/** What policies know of the cluster besides the request. */
const knowledge = kind('kyverno', fields({ spec: unjudged('spec', 'context-changed') }), FOUNDATION);

/** Every kind of object that is compared, by API group and resource. */
const KINDS = byName({
  'admissionregistration.k8s.io': byName({
    validatingwebhookconfigurations: kind('webhook', validatingWebhookConfiguration, {
      ...WEBHOOKS,
      scope: validatingWebhooksScope,
    }),
    mutatingwebhookconfigurations: kind('webhook', mutatingWebhookConfiguration, {
      ...WEBHOOKS,
      ...CHANGING,
      scope: webhooksScope,
    }),
    validatingadmissionpolicies: kind('admission-policy', validatingAdmissionPolicy, {
      scope: admissionPolicyScope,
    }),
    validatingadmissionpolicybindings: kind('admission-policy', validatingAdmissionPolicyBinding, {
      scope: bindingScope,
    }),
    mutatingadmissionpolicies: kind('admission-policy', mutatingAdmissionPolicy, CHANGING),
    mutatingadmissionpolicybindings: kind('admission-policy', mutatingAdmissionPolicyBinding, CHANGING),
  }),
  'templates.gatekeeper.sh': byName({
    constrainttemplates: kind('gatekeeper', gatekeeperTemplate, { scope: templateScope }),
  }),
  'config.gatekeeper.sh': byName({
    configs: kind('gatekeeper', gatekeeperConfig, {
      exempts: true,
      created: 'unclear',
      deleted: 'unclear',
      scope: configScope,
    }),
  }),
  'syncset.gatekeeper.sh': byName({ syncsets: kind('gatekeeper', gatekeeperSyncSet) }),
  'externaldata.gatekeeper.sh': byName({ providers: kind('gatekeeper', gatekeeperProvider) }),
  'expansion.gatekeeper.sh': byName({ expansiontemplate: kind('gatekeeper', gatekeeperExpansion) }),
  'mutations.gatekeeper.sh': byName({
    assign: mutator,
    assignmetadata: mutator,
    assignimage: mutator,
    modifyset: mutator,
  }),
  'kyverno.io': byName({
    clusterpolicies: kyvernoClassic,
    policies: kyvernoClassic,
    policyexceptions: { ...exception, scope: exceptionScope },
    cleanuppolicies: destroying('kyverno'),
    clustercleanuppolicies: destroying('kyverno'),
    globalcontextentries: knowledge,
  }),
  'policies.kyverno.io': byName({
    validatingpolicies: kyvernoValidating,
    namespacedvalidatingpolicies: kyvernoValidating,
    imagevalidatingpolicies: kyvernoImages,
    namespacedimagevalidatingpolicies: kyvernoImages,
    mutatingpolicies: kyvernoMutating,
    namespacedmutatingpolicies: kyvernoMutating,
    generatingpolicies: kyvernoMutating,
    namespacedgeneratingpolicies: kyvernoMutating,
    deletingpolicies: destroying('kyverno'),
    namespaceddeletingpolicies: destroying('kyverno'),
    policyexceptions: exception,
  }),
  'policies.kubewarden.io': byName({
    clusteradmissionpolicies: kubewarden,
    admissionpolicies: kubewarden,
    clusteradmissionpolicygroups: kubewardenOfGroup,
    admissionpolicygroups: kubewardenOfGroup,
    policyservers: kind('kubewarden', kubewardenServer, { scope: serverScope }),
  }),
  'policy.sigstore.dev': byName({
    clusterimagepolicies: kind('sigstore', sigstoreImagePolicy, { scope: nowhere }),
    trustroots: kind('sigstore', sigstoreTrustRoot, FOUNDATION),
  }),
  'config.ratify.deislabs.io': byName(
    Object.fromEntries(
      RATIFY_RESOURCES.flatMap((resource) => [
        [resource, ratify],
        [`namespaced${resource}`, ratify],
      ]),
    ),
  ),
});

const kyvernoSettings = kind('kyverno', kyvernoConfiguration, {
  parts: ['data'],
  scope: configurationScope,
  created: 'neutral',
  deleted: 'unclear',
});
const opaModules = kind('opa', opaPolicy, { parts: ['metadata', 'data'], scope: everywhere });

/** Kyverno's ConfigMap, in whatever namespace it is installed. */
const KYVERNO_CONFIG_MAP = 'kyverno';

/** The namespace that kube-mgmt reads policies from unless told otherwise. */
const OPA_NAMESPACE = 'opa';

type Ref = Pick<ObjectRef, 'apiGroup' | 'resource' | 'namespace' | 'name'>;

/**
 * The kind of an object of admission control.
 * @param objects versions of the object, as far as they are known: OPA takes a ConfigMap for policies by its label
 * @param patch of the object: what takes that label away is all that may be known of one that had it
 * @returns undefined for every other object
 */
export function policyKindOf(
  ref: Ref,
  objects: readonly unknown[] = [],
  patch?: unknown,
): PolicyKind | undefined {
  const { apiGroup, resource } = ref;
  if (apiGroup === 'constraints.gatekeeper.sh') return constraint;
  if (apiGroup === '' && resource === 'configmaps') return configMapKind(ref, objects, patch);
  if (apiGroup === 'apiextensions.k8s.io' && resource === 'customresourcedefinitions')
    return definitionKind(ref.name);
  return KINDS.get(apiGroup)?.get(resource);
}

function byName<Value>(values: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(values));
}

/**
 * A CustomResourceDefinition of objects of admission control. The API server deletes all of them with it, of which no event tells.
 * @param name `PLURAL.GROUP`
 */
function definitionKind(name: string): PolicyKind | undefined {
  const dot = name.indexOf('.');
  if (dot < 0) return undefined;
  const resource = name.slice(0, dot);
  const defined = policyKindOf({ apiGroup: name.slice(dot + 1), resource, namespace: '', name: '' });
  if (!defined) return undefined;
  return { ...defined, compare: harmless, parts: [], created: 'neutral', defines: resource };
}

function configMapKind(
  { namespace, name }: Ref,
  objects: readonly unknown[],
  patch: unknown,
): PolicyKind | undefined {
  if (name === KYVERNO_CONFIG_MAP) return kyvernoSettings;
  const known = objects.filter((object) => object !== undefined);
  const isPolicy = known.length > 0 ? known.some(isOpaPolicy) : namespace === OPA_NAMESPACE;
  return (isPolicy || namesOpaLabel(patch)) && name !== 'kube-root-ca.crt' ? opaModules : undefined;
}
