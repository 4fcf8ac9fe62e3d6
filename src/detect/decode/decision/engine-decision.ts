import type { EngineName } from '../../../record/engine.ts';

/** What a policy engine says that it decided about one request. Rules read it as `gatewatch.decision` (docs/rules.md). */
export interface EngineDecision {
  readonly engine: EngineName;
  /** What the engine said about the request; absent if it says only that it failed. It may have said so too late to count. */
  readonly verdict?: 'allow' | 'deny';
  /** Of a denial: false if the policy only warns, audits or is tried out, so that the request was not refused for it. */
  readonly enforced?: boolean;
  /** Names of the policies that decided. */
  readonly policy?: readonly string[];
  readonly message?: string;
  /** `request.uid` of the webhook's call. */
  readonly uid?: string;
  /** `metadata.uid` of the reviewed object: on a creation, also a refused one, the same in all webhooks of the request. */
  readonly object_uid?: string;
  /** `CREATE`, `UPDATE`, `DELETE` or `CONNECT`. */
  readonly operation?: string;
  readonly dry_run?: boolean;
}

const NAME_CHARS_MAX = 253;
const MESSAGE_CHARS_MAX = 4096;

/** A decision without what is not told, and cut to what may be carried. */
export function engineDecision(
  told: {
    readonly [Key in keyof EngineDecision]: EngineDecision[Key] | undefined;
  },
): EngineDecision {
  const { policy, message, ...rest } = told;
  const names = (policy ?? []).filter((name) => name !== '').map((name) => name.slice(0, NAME_CHARS_MAX));
  const decision = {
    ...rest,
    policy: names.length > 0 ? names : undefined,
    message: message?.slice(0, MESSAGE_CHARS_MAX).toWellFormed(),
  };
  const known = Object.entries(decision).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as unknown as EngineDecision;
}
