import { at, listOf, stringOf } from '../decode/json.ts';

/** Whom a binding grants to, as rules name it in `gatewatch.rbac.grants_to`. */
export type Grantee =
  | 'anonymous'
  | 'unauthenticated'
  | 'authenticated'
  | 'all-service-accounts'
  | 'namespace-service-accounts'
  | 'default-service-account'
  | 'service-account'
  | 'masters'
  | 'user'
  | 'group';

/** Names are those of an identity provider; a longer one is cut. */
const NAME_CHARS_MAX = 512;

const GROUPS: ReadonlyMap<string, Grantee> = new Map([
  ['system:unauthenticated', 'unauthenticated'],
  ['system:authenticated', 'authenticated'],
  ['system:serviceaccounts', 'all-service-accounts'],
  ['system:masters', 'masters'],
]);

const SERVICE_ACCOUNT = 'system:serviceaccount:';
const SERVICE_ACCOUNTS = 'system:serviceaccounts:';

/** Whom the subjects of a binding stand for; every one that is met once. */
export function grantsOf(subjects: unknown): readonly Grantee[] {
  return [...new Set(subjectsOf(subjects).flatMap(granteesOf))];
}

/** The subjects as texts: `User/alice`, `Group/system:authenticated`, `ServiceAccount/dev/default`. */
export function subjectNames(subjects: unknown): readonly string[] {
  return subjectsOf(subjects).map(({ kind, name, namespace }) =>
    [kind, ...(kind === 'ServiceAccount' ? [namespace] : []), name].join('/'),
  );
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

function subjectsOf(subjects: unknown): Subject[] {
  return listOf(subjects)
    .map((subject) => {
      const text = (field: string) => (stringOf(at(subject, field)) ?? '').slice(0, NAME_CHARS_MAX);
      return { kind: text('kind'), name: text('name'), namespace: text('namespace') };
    })
    .filter(({ name }) => name !== '');
}

function granteesOf({ kind, name }: Subject): readonly Grantee[] {
  if (kind === 'ServiceAccount') return serviceAccount(name);
  if (kind === 'Group') {
    if (name.startsWith(SERVICE_ACCOUNTS)) return ['namespace-service-accounts'];
    return [GROUPS.get(name) ?? 'group'];
  }
  if (name === 'system:anonymous') return ['anonymous'];
  // All users, in v1alpha1 (k8s.io/kubernetes/pkg/apis/rbac/v1alpha1, conversion.go).
  if (name === '*') return ['authenticated'];
  // A service account by the name that it authenticates with.
  if (name.startsWith(SERVICE_ACCOUNT)) return serviceAccount(name.split(':').at(-1)!);
  return ['user'];
}

function serviceAccount(name: string): readonly Grantee[] {
  return name === 'default' ? ['service-account', 'default-service-account'] : ['service-account'];
}
