import { contentId, type ReceivedRecord } from '../../../record/record.ts';
import { type EventTime, SECOND } from '../../../record/time.ts';
import { Caller } from '../../caller/caller.ts';
import { VERBS } from '../admission-review.ts';
import type { ObjectRef, Request } from '../request.ts';
import { Unanswered } from '../unanswered.ts';
import type { EngineDecision } from './engine-decision.ts';

/** What a decoder has read in an engine's document. */
export interface DecodedDecision {
  readonly decision: EngineDecision;
  /** The reviewed object. */
  readonly ref: ObjectRef;
  /** Who made the request, in the layout of an audit event's `user`. */
  readonly user?: unknown;
  /** When the engine decided. */
  readonly time: EventTime | undefined;
}

/**
 * The request that a decision is about, as far as the engine tells of it.
 *
 * It has none of the fields of audit.k8s.io/v1: the audit event of the request and the observer's review have them, and a rule must not
 * match one request again for each engine that has looked at it. Rules read a decision as `gatewatch.decision`. Who asked for what is
 * there for sentences.
 */
export class DecisionRequest extends Unanswered implements Request {
  readonly record: ReceivedRecord;
  readonly source = 'decision';
  readonly engineDecision: EngineDecision;
  readonly stage = 'Decision';
  readonly requestObject = undefined;
  readonly responseObject = undefined;
  readonly oldObject = undefined;
  readonly verb: string;
  readonly ref: ObjectRef;
  readonly caller: Caller;
  readonly time: EventTime | undefined;
  readonly requestId: string;
  readonly dryRun: boolean;
  readonly limits: readonly string[];

  /** @param timeMax the latest time to believe */
  constructor(record: ReceivedRecord, timeMax: EventTime, told: DecodedDecision) {
    const { decision, ref, user, time } = told;
    super();
    this.record = record;
    this.engineDecision = decision;
    this.verb = VERBS.get(decision.operation) ?? '';
    this.ref = ref;
    this.caller = new Caller({ user });
    this.time = time === undefined || time > timeMax ? undefined : time;
    this.requestId = contentId('decision', record.id, decision.engine);
    this.dryRun = decision.dry_run === true;
    const limits: string[] = [];
    if (this.time === undefined) limits.push(time === undefined ? 'no-event-time' : 'time-disbelieved');
    if (record.redacted.length > 0) limits.push('credentials-redacted');
    this.limits = limits;
  }

  field(): undefined {
    return undefined;
  }

  /** None: a search for words is meant for audit events. */
  keywords(): readonly string[] {
    return [];
  }

  get began(): EventTime | undefined {
    return this.time;
  }

  get receivedSeconds(): number {
    return Math.floor((this.time ?? 0) / SECOND);
  }
}
