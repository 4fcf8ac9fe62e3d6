import type { Outcome } from '../../record/signal.ts';
import { answeredObject } from '../decode/answer.ts';
import { isObject, type JsonObject } from '../decode/json.ts';
import { creates, type Request } from '../decode/request.ts';
import { applyPatch } from '../patch/apply.ts';

/** The object that a write leaves, or tried to. */
export interface WrittenObject {
  readonly object: JsonObject;
  /** False if only a patch of it is known: what is not in it may still be in the object. */
  readonly whole: boolean;
}

/**
 * The object after a create, update or patch: from the answer where it has it, else as asked for; a patch on top of what was there before.
 * @param before tells the object that the request found, or the part of it that is known
 * @returns undefined if its bodies were not recorded
 */
export function writtenObject(
  request: Request,
  outcome: Outcome,
  before: () => unknown,
): WrittenObject | undefined {
  const answered = outcome === 'admitted' || outcome === 'dry-run';
  const stored = answered ? answeredObject(request.responseObject) : undefined;
  if (stored) return { object: stored, whole: true };
  const { verb, requestObject } = request;
  if (verb !== 'patch') return isObject(requestObject) ? { object: requestObject, whole: true } : undefined;
  if (requestObject === undefined || requestObject === null) return undefined;
  const known = before();
  const object = applyPatch(known, requestObject);
  // A patch that creates is an apply, and says all that there is.
  return isObject(object)
    ? { object, whole: known !== undefined || (answered && creates(request)) }
    : undefined;
}
