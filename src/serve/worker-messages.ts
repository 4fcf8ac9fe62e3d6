import type { MessagePort } from 'node:worker_threads';
import type { Config, Role } from '../config/schema.ts';
import type { ErrorCode } from '../errors.ts';

/** What the stages' thread is started with. */
export interface StagesInit {
  readonly config: Config;
  readonly database: string;
  /** The other end of the HTTP thread's log; absent where nothing is received. */
  readonly appends: MessagePort | undefined;
}

/** An error on its way between threads. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly where: string | undefined;
}

/** How one role of the process stands. */
export interface Health {
  readonly role: Role;
  /** `waiting`: something hinders it, which it waits out; `restoring`: it has no partitions yet, or rebuilds their state. */
  readonly state: 'ready' | 'restoring' | 'waiting' | 'failed';
  readonly error?: SentError;
  /** What somebody should see to, while it does its work. */
  readonly warning?: SentError;
}

/** Which rules are in force. */
export interface RulesSummary {
  readonly rules: number;
  readonly hash: string;
}

/** From the HTTP thread. */
export type ToStages =
  | { readonly type: 'close' }
  | { readonly type: 'reload-rules' }
  | { readonly type: 'ask'; readonly id: number; readonly what: 'metrics' | 'health' };

/** To the HTTP thread. */
export type FromStages =
  | { readonly type: 'ready' }
  /** Not yet: it goes on trying. */
  | { readonly type: 'waiting'; readonly error: SentError }
  | { readonly type: 'failed'; readonly error: SentError }
  /** A role has begun to wait something out, or has come through it. */
  | { readonly type: 'problem'; readonly role: Role; readonly error: SentError | undefined }
  /** Changed rules are in force, or are not for these reasons. */
  | { readonly type: 'rules'; readonly inForce: RulesSummary; readonly problems: readonly SentError[] }
  | { readonly type: 'answer'; readonly id: number; readonly values: object[] };
