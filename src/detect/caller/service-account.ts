/** A service account, as its user name tells it (k8s.io/apiserver/pkg/authentication/serviceaccount). */
export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

const USER_NAME = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** @param userName the authenticated user's @returns undefined for every other user */
export function serviceAccountOf(userName: string): ServiceAccount | undefined {
  const [, namespace, name] = USER_NAME.exec(userName) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
