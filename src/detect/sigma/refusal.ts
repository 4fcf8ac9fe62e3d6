import type { ErrorCode } from '../../errors.ts';

/** Which part of `field|modifier: [values]` is wrong: the key, or a value by its number. */
export type Blame = 'key' | number;

/** Why a part of a rule cannot be used. It knows its place in the item only; whoever reads the file adds line and column. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly blame: Blame;

  constructor(code: ErrorCode, message: string, blame: Blame = 'key') {
    super(message);
    this.code = code;
    this.blame = blame;
  }
}

export function invalid(message: string, blame: Blame = 'key'): Refusal {
  return new Refusal('RULE_INVALID', message, blame);
}
