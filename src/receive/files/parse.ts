import { GatewatchError } from '../../errors.ts';
import { parseAdmissionReview } from '../admission-review.ts';
import { parseEvent, parseEventList } from '../audit-events.ts';
import type { InputLimits, Origin, Parsed, Rejection } from '../parsed.ts';
import { withoutBodies } from '../redact.ts';
import { JsonScanner, NotJson } from '../scan.ts';

/**
 * Takes one JSON document of a file: an audit event, an EventList, an AdmissionReview, or an array of events. Never throws: what
 * cannot be taken is a rejection.
 */
export function parseDocument(bytes: Buffer, origin: Origin, limits: InputLimits, where: string): Parsed {
  try {
    switch (kindOf(bytes, limits)) {
      case 'EventList':
        return parseEventList(bytes, origin, limits, where);
      case 'AdmissionReview':
        return parseAdmissionReview(bytes, origin, limits, where);
      case 'array':
        return parseArray(bytes, origin, limits, where);
      default:
        return parseEvent(bytes, origin, limits, where);
    }
  } catch (error) {
    if (!(error instanceof GatewatchError)) throw error;
    const { code, message } = error;
    const kept = withoutBodies(bytes).subarray(0, limits.item_bytes_max);
    return { records: [], rejected: [{ code, where: error.where ?? where, what: message, bytes: kept }] };
  }
}

/** What a document says it is, by its top-level `kind`; only a document that names one of the other kinds is looked at closely. */
function kindOf(bytes: Buffer, limits: InputLimits): string {
  const scanner = new JsonScanner(bytes, limits.json_depth_max);
  const start = scanner.skipSpace(0);
  if (bytes[start] === OPEN_BRACKET) return 'array';
  if (!bytes.includes('"EventList"') && !bytes.includes('"AdmissionReview"')) return 'Event';
  let kind = '';
  try {
    scanner.members(start, ({ keyStart, keyEnd, start: from, end }) => {
      if (bytes.toString('latin1', keyStart, keyEnd) === 'kind')
        kind = bytes.toString('utf8', from + 1, end - 1);
    });
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
  }
  return kind;
}

const OPEN_BRACKET = 0x5b;

function parseArray(bytes: Buffer, origin: Origin, limits: InputLimits, where: string): Parsed {
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
      // An array within is not an event; looking into it would recurse as deep as its sender likes.
      const parse = item[0] === OPEN_BRACKET ? parseEvent : parseDocument;
      const part = parse(item, origin, limits, `${where}[${index}]`);
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
