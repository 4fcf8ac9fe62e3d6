import type { ErrorCode } from '../errors.ts';
import type { ReceivedRecord } from '../record/record.ts';

/** A part of the input that cannot become a record. It goes to dead letters with its reason. */
export interface Rejection {
  readonly code: ErrorCode;
  /** For example `items[3]` or `audit.log:17`. */
  readonly where: string;
  readonly what: string;
  readonly bytes: Buffer;
}

/** What one body, line or file came to. */
export interface Parsed {
  readonly records: ReceivedRecord[];
  readonly rejected: Rejection[];
}

/** The limits that an input is held to; each is a key of the configuration. */
export interface InputLimits {
  readonly batch_items_max: number;
  readonly item_bytes_max: number;
  readonly json_depth_max: number;
}

/** Where input came from, as the credential or the configuration says. */
export interface Origin {
  readonly cluster: string;
  /** Wall-clock arrival, Unix milliseconds. */
  readonly receivedMs: number;
}
