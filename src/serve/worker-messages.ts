import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../config/schema.ts';
import type { ErrorCode } from '../errors.ts';

/** What the stages' thread is started with. */
export interface StagesInit {
  readonly config: Config;
  readonly database: string;
  /** The other end of the HTTP thread's log. */
  readonly appends: MessagePort;
}

/** From the HTTP thread. */
export type ToStages = { readonly type: 'close' } | { readonly type: 'metrics'; readonly id: number };

/** To the HTTP thread. */
export type FromStages =
  | { readonly type: 'ready'; readonly rules: number }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly where: string | undefined;
    }
  | { readonly type: 'metrics'; readonly id: number; readonly values: object[] };
