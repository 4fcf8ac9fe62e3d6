import { GatewatchError } from '../../errors.ts';
import { parseAdmissionReview } from '../admission-review.ts';
import { parseEvent, parseEventList } from '../audit-events.ts';
import { contentOf as decisionsIn } from '../decisions/containers.ts';
import { ALL_ENGINES } from '../decisions/engines.ts';
import { parseDecisions } from '../decisions/parse.ts';
import { parseLogEntry } from '../log-entry.ts';
import { JsonMembers } from '../members.ts';
import type { InputLimits, Origin, Parsed, Rejection } from '../parsed.ts';
import { withoutBodies } from '../redact.ts';
import { JsonScanner, NotJson } from '../scan.ts';
import { isAzureRow, parseAzureRow } from './azure-row.ts';
import { contentOf, isOfAnotherLog, notedAt, withoutTime } from './envelopes.ts';
import { isKubernetesList, isLogLine } from './other-documents.ts';

/** Envelopes around an event: Azure's array of batches of records with properties with a log are five. */
const ENVELOPES_MAX = 6;

/**
 * Takes one JSON document of a file: an audit event, an EventList, an AdmissionReview, a decision of a policy engine, an array of these,
 * or what a cloud stores of them. Of a document that says that it is of another log nothing is taken. Never throws: what cannot be taken is a rejection.
 */
export function parseDocument(bytes: Buffer, origin: Origin, limits: InputLimits, where: string): Parsed {
  return parse(bytes, { origin, limits, where, envelopes: 0 });
}

/** Where a document was found. */
interface Context {
  readonly origin: Origin;
  readonly limits: InputLimits;
  readonly where: string;
  /** How many are around it. */
  readonly envelopes: number;
}

function parse(document: Buffer, context: Context): Parsed {
  const { origin, limits, where } = context;
  const bytes = withoutTime(document);
  try {
    return formOf(bytes, context)(bytes, origin, limits, where);
  } catch (error) {
    if (!(error instanceof GatewatchError)) throw error;
    const { code, message } = error;
    const kept = withoutBodies(bytes).subarray(0, limits.item_bytes_max);
    return { records: [], rejected: [{ code, where: error.where ?? where, what: message, bytes: kept }] };
  }
}

type Parse = (bytes: Buffer, origin: Origin, limits: InputLimits, where: string) => Parsed;

const OPEN_BRACKET = 0x5b;

/** How an event begins in the API server's own log file, where nearly every line is one. */
const EVENT = Buffer.from('{"kind":"Event","apiVersion":"audit.k8s.io/');

/** Members of which every event has one. */
const OF_EVENTS = ['verb', 'requestURI', 'objectRef', 'auditID'];

const PASS_OVER: Parse = () => ({ records: [], rejected: [] });

/** How a document is to be taken, by its top-level members. */
function formOf(bytes: Buffer, context: Context): Parse {
  if (bytes.subarray(0, EVENT.length).equals(EVENT)) return parseEvent;
  const scanner = new JsonScanner(bytes, context.limits.json_depth_max);
  const start = scanner.skipSpace(0);
  if (bytes[start] === OPEN_BRACKET) return (array) => parseArray(array, context);
  const members = new JsonMembers(bytes, start, scanner);
  const kind = members.text('kind');
  if (members.whole && tellsDecisions(members)) {
    return (document, ...rest) => parseDecisions(document, ALL_ENGINES, ...rest);
  }
  if (kind === 'EventList') return parseEventList;
  if (kind === 'AdmissionReview') return parseAdmissionReview;
  if (!members.whole || OF_EVENTS.some((name) => members.has(name))) return parseEvent;
  if (isLogLine(members)) return PASS_OVER;
  if (kind !== undefined) return parseEvent;
  if (isOfAnotherLog(members)) return PASS_OVER;
  if (members.has('protoPayload')) return parseLogEntry;
  if (isAzureRow(members)) return parseAzureRow;
  const { limits } = context;
  const content = context.envelopes < ENVELOPES_MAX ? contentOf(members, limits.json_depth_max) : undefined;
  if (!content) return parseEvent;
  const { where, envelopes } = context;
  const origin = notedAt(members, content.name, context.origin);
  const inner = { ...context, origin, where: `${where} ${content.name}`, envelopes: envelopes + 1 };
  return () => parse(content.bytes, inner);
}

/** Whether a document may tell decisions of policy engines, or holds those that may. */
function tellsDecisions(members: JsonMembers): boolean {
  if (members.has('items')) return isKubernetesList(members);
  if (ALL_ENGINES.some((engine) => engine.mayTell(members))) return true;
  const content = decisionsIn(members);
  // Lines of logs as text are opened like those of clouds.
  return content !== undefined && content.name !== 'log' && content.name !== 'message';
}

function parseArray(bytes: Buffer, context: Context): Parsed {
  const { limits, where } = context;
  const parsed: Parsed = { records: [], rejected: [] };
  const scanner = new JsonScanner(bytes, limits.json_depth_max);
  let taken = 0;
  const reject = (code: Rejection['code'], what: string): void => {
    const rest = withoutBodies(bytes.subarray(taken)).subarray(0, limits.item_bytes_max);
    parsed.rejected.push({ code, where, what, bytes: rest });
  };
  try {
    const end = scanner.elements(scanner.skipSpace(0), (start, index) => {
      if (index >= limits.batch_items_max) {
        throw new GatewatchError('BATCH_TOO_MANY_ITEMS', `More than ${limits.batch_items_max} items.`);
      }
      taken = scanner.skipValue(start);
      const item = bytes.subarray(start, taken);
      const inner = { ...context, where: `${where}[${index}]`, envelopes: context.envelopes + 1 };
      // An array within is not an event; looking into it would recurse as deep as its sender likes.
      const part =
        item[0] === OPEN_BRACKET ? parseEvent(item, inner.origin, limits, inner.where) : parse(item, inner);
      parsed.records.push(...part.records);
      parsed.rejected.push(...part.rejected);
      return taken;
    });
    if (scanner.skipSpace(end) !== bytes.length) throw new NotJson(end);
  } catch (error) {
    if (error instanceof GatewatchError) reject(error.code, error.message);
    else if (error instanceof NotJson) reject('ITEM_NOT_JSON', `Not JSON: ${error.message}.`);
    else throw error;
  }
  return parsed;
}
