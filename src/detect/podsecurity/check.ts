import type { PodView } from './pod-view.ts';

/** Levels of the Pod Security Standards (k8s.io/pod-security-admission/api, constants.go). */
export type Level = 'privileged' | 'baseline' | 'restricted';

/** Why a check forbids a pod. */
export interface Finding {
  readonly reason: string;
  readonly detail: string;
}

/** Judges a pod; undefined if it is allowed. */
export type CheckPod = (pod: PodView) => Finding | undefined;

/** A check from one minor version on, until the next one of the same check. */
interface CheckVersion {
  /** Minor version of Kubernetes 1. */
  readonly since: number;
  readonly check: CheckPod;
  /** It forbids what the version before it allowed. */
  readonly tightens?: true;
  /** A baseline check that this one replaces at level restricted. */
  readonly overrides?: string;
}

/** One control of the Pod Security Standards (k8s.io/pod-security-admission/policy, checks.go). */
export interface Check {
  readonly id: string;
  readonly level: 'baseline' | 'restricted';
  /** In ascending order of `since`. */
  readonly versions: readonly CheckVersion[];
}
