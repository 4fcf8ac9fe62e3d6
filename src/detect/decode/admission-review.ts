import { GatewatchError } from '../../errors.ts';
import type { ReceivedRecord } from '../../record/record.ts';
import { parseUntrusted } from '../../record/untrusted-json.ts';
import { Caller } from '../caller/caller.ts';
import { textsOf } from '../sigma/event.ts';
import { refOf, reviewId } from './audit-event.ts';
import { at, isObject, type JsonObject, member, parseJson, stringOf } from './json.ts';
import type { ObjectRef, Request } from './request.ts';
import { Unanswered } from './unanswered.ts';

/**
 * The verb that an audit event of the same request has, except that its UPDATE may be `patch` there. A review's CONNECT can be `create`
 * or `get` there, so it keeps its own name.
 */
export const VERBS: ReadonlyMap<unknown, string> = new Map([
  ['CREATE', 'create'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
  ['CONNECT', 'connect'],
]);

/**
 * Decodes an AdmissionReview request into the shape of an audit event, so that the same rules read it. What the API server
 * will answer is not known yet: its outcome is `pending`. It carries no time of its own; the arrival stands for it, which
 * is within milliseconds, because the API server waits for the answer.
 * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT
 */
export function decodeAdmissionReview(record: ReceivedRecord): Request {
  const request = member(parseJson(record.bytes.toString()), 'request');
  if (!isObject(request)) {
    throw new GatewatchError('ITEM_NOT_AN_EVENT', 'It has no request.', { where: 'request' });
  }
  return new AdmissionReview(record, request);
}

/** The object that a review is about, as an audit event of the same request refers to it. */
export function reviewRefOf(request: JsonObject): ObjectRef {
  return refOf({
    resource: at(request, 'resource', 'resource'),
    apiGroup: at(request, 'resource', 'group'),
    apiVersion: at(request, 'resource', 'version'),
    subresource: request.subResource,
    namespace: request.namespace,
    // With generateName the name is only in the object, where the API server has already made it.
    name: stringOf(request.name) ?? at(request, 'object', 'metadata', 'name'),
  });
}

class AdmissionReview extends Unanswered implements Request {
  readonly record: ReceivedRecord;
  readonly source = 'review';
  readonly stage = 'AdmissionReview';
  readonly verb: string;
  readonly ref: ObjectRef;
  readonly caller: Caller;
  readonly time: number;
  readonly requestId: string;
  readonly dryRun: boolean;
  readonly #fields: JsonObject;

  constructor(record: ReceivedRecord, request: JsonObject) {
    super();
    this.record = record;
    this.verb = VERBS.get(request.operation) ?? '';
    this.ref = reviewRefOf(request);
    this.caller = new Caller({ user: request.userInfo });
    this.time = record.receivedMs * 1000;
    this.requestId = reviewId(record.cluster, stringOf(request.uid) ?? record.id);
    this.dryRun = request.dryRun === true;
    this.#fields = {
      stage: this.stage,
      verb: this.verb,
      user: request.userInfo,
      objectRef: this.ref,
      requestObject: request.object ?? undefined,
      oldObject: request.oldObject ?? undefined,
    };
  }

  field(root: string): unknown {
    return member(this.#fields, root);
  }

  keywords(): readonly string[] {
    return [...textsOf(parseUntrusted(this.record.bytes.toString()))];
  }

  get began(): number {
    return this.time;
  }

  get receivedSeconds(): number {
    return Math.floor(this.record.receivedMs / 1000);
  }

  get limits(): readonly string[] {
    return this.record.redacted.length > 0 ? ['credentials-redacted'] : [];
  }

  get requestObject(): unknown {
    return this.#fields.requestObject;
  }

  get responseObject(): undefined {
    return undefined;
  }

  get oldObject(): unknown {
    return this.#fields.oldObject;
  }
}
