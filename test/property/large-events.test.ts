import { suite, test } from 'node:test';
import { eventWith, recordOf } from '../unit/detect/support.ts';
import { growth } from './growth.ts';
import { newDetector } from './shipped.ts';

type Make = (size: number) => object;

const many = <Element>(count: number, one: (index: number) => Element) =>
  Array.from({ length: count }, (_, index) => one(index));
const keys = (count: number, prefix: string) =>
  Object.fromEntries(many(count, (index) => [prefix + index, 'x']));

const ADMISSION = 'admissionregistration.k8s.io';
const RULES = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }];

const webhooks =
  (prefix: string): Make =>
  (size) => ({
    webhooks: many(size, (index) => ({
      name: prefix + index,
      failurePolicy: 'Fail',
    })),
  });
const policy =
  (prefix: string): Make =>
  (size) => ({
    spec: {
      matchConstraints: { resourceRules: RULES },
      matchConditions: many(size / 4, (index) => ({
        name: prefix + index,
        expression: `a == ${index} && b`,
      })),
      validations: many(size / 4, (index) => ({ expression: `object.x == ${prefix}${index} || object.y` })),
    },
  });
const kyverno =
  (prefix: string): Make =>
  (size) => ({
    spec: {
      rules: many(size / 8, (index) => ({
        name: prefix + index,
        match: { any: [{ resources: { kinds: ['Pod'], namespaces: [prefix + index] } }] },
        validate: { pattern: { spec: { x: '1' } } },
      })),
    },
  });
const exception =
  (prefix: string): Make =>
  (size) => {
    const names = many(size, (index) => prefix + index);
    return { spec: { match: { any: [{ resources: { kinds: names, names, namespaces: names } }] } } };
  };
const gatekeeper =
  (prefix: string): Make =>
  (size) => ({
    spec: {
      match: many(size, (index) => ({ excludedNamespaces: [`${prefix}${index}*`], processes: ['*'] })),
    },
  });
const binding =
  (prefix: string): Make =>
  (size) => ({
    roleRef: { kind: 'ClusterRole', name: 'view' },
    subjects: many(size, (index) => ({ kind: 'User', name: prefix + index })),
  });
const role =
  (prefix: string): Make =>
  (size) => ({
    rules: many(size / 2, (index) => ({
      verbs: ['get', prefix + index],
      resources: ['pods'],
      apiGroups: [''],
    })),
  });
const deployment =
  (prefix: string): Make =>
  (size) => ({
    metadata: { name: 'x', annotations: keys(size, prefix) },
    spec: {
      template: {
        spec: {
          containers: many(size / 8, (index) => ({
            ...{ name: prefix + index, image: `${prefix}:${index}`, command: ['sh', '-c', prefix] },
            securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN', prefix + index] } },
          })),
        },
      },
    },
  });
const namespace =
  (prefix: string): Make =>
  (size) => ({ metadata: { name: 'x', labels: keys(size, prefix) } });
const ingress =
  (prefix: string): Make =>
  (size) => ({
    spec: {
      tls: many(size, (index) => ({ hosts: [prefix + index] })),
      rules: many(size, (index) => ({ host: `${index}${prefix}`, http: { paths: [{ path: '/' }] } })),
    },
  });

/** Lists of which each is combined with the others: few words that say very much. */
const combined = (prefix: string) => many(100, (index) => prefix + index);
const exclusions =
  (prefix: string): Make =>
  (size) => ({
    spec: {
      match: many(size / 100, () => ({ excludedNamespaces: combined(prefix), processes: combined(prefix) })),
    },
  });
const constraint =
  (prefix: string): Make =>
  (size) => ({
    spec: {
      match: { kinds: many(size / 100, () => ({ apiGroups: combined(prefix), kinds: combined(prefix) })) },
    },
  });
const choices =
  (prefix: string): Make =>
  (size) => {
    const resources = { kinds: combined(prefix), names: combined(prefix), namespaces: combined(prefix) };
    return { spec: { match: { any: many(size / 100, () => ({ resources })) } } };
  };

/** What is large, of which resource. */
const KINDS: readonly (readonly [resource: string, apiGroup: string, of: (prefix: string) => Make])[] = [
  ['validatingwebhookconfigurations', ADMISSION, webhooks],
  ['validatingadmissionpolicies', ADMISSION, policy],
  ['clusterpolicies', 'kyverno.io', kyverno],
  ['policyexceptions', 'kyverno.io', exception],
  ['configs', 'config.gatekeeper.sh', gatekeeper],
  ['configs', 'config.gatekeeper.sh', exclusions],
  ['k8spsphostnamespace', 'constraints.gatekeeper.sh', constraint],
  ['policyexceptions', 'kyverno.io', choices],
  ['clusterrolebindings', 'rbac.authorization.k8s.io', binding],
  ['clusterroles', 'rbac.authorization.k8s.io', role],
  ['deployments', 'apps', deployment],
  ['namespaces', '', namespace],
  ['ingresses', 'networking.k8s.io', ingress],
];

/** An object is made, replaced by another one, patched unseen, and a patch of names alone is refused. */
function recordsOf(objectRef: object, of: (prefix: string) => Make, size: number) {
  const [before, after] = [of('a')(size), of('b')(size)];
  const at = (second: number) => ({
    ...{ auditID: String(second), requestURI: undefined, objectRef },
    requestReceivedTimestamp: `2026-11-22T13:00:0${second}.000001Z`,
    stageTimestamp: `2026-11-22T13:00:0${second}.000002Z`,
  });
  const unseen = { ...at(3), objectRef: { ...objectRef, name: 'y' }, verb: 'patch' };
  return [
    eventWith({ ...at(1), requestObject: before, responseObject: before }),
    eventWith({ ...at(2), verb: 'update', requestObject: after, responseObject: after }),
    eventWith({ ...unseen, requestObject: after, responseObject: after, responseStatus: { code: 200 } }),
    eventWith({ ...unseen, requestObject: namesIn(after), responseStatus: { code: 403 } }),
    eventWith({ ...unseen, requestObject: additionsIn(after), responseStatus: { code: 200 } }),
  ].map((event) => recordOf(event));
}

/** Of elements of lists that have a name only that: a patch which sets nothing. */
function namesIn(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((element) => (element?.name === undefined ? element : { name: element.name }));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, namesIn(inner)]));
}

/** A JSON patch that adds one element, or field, after the other. */
function additionsIn(value: unknown, path = ''): object[] {
  if (Array.isArray(value)) return value.map((element) => ({ op: 'add', path: `${path}/-`, value: element }));
  if (typeof value !== 'object' || value === null) return [{ op: 'add', path, value }];
  return Object.entries(value).flatMap(([key, inner]) => additionsIn(inner, `${path}/${key}`));
}

suite('events as large as they get are judged in time in proportion', () => {
  for (const [resource, apiGroup, of] of KINDS) {
    test(`${resource}: ${of.name}`, () => {
      const objectRef = { resource, name: 'x', ...(apiGroup && { apiGroup }), apiVersion: 'v1' };
      growth(
        (size) => {
          const records = recordsOf(objectRef, of, size);
          const detector = newDetector();
          return () => records.map((record) => detector.detect(record));
        },
        [2_500, 5_000, 10_000, 20_000],
      );
    });
  }
});
