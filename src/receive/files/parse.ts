import { GatewatchError } from '../../errors.ts';
import { parseAdmissionReview } from '../admission-review.ts';
import { parseEvent, parseEventList } from '../audit-events.ts';
import type { InputLimits, Origin, Parsed } from '../parsed.ts';
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
        return { records: [parseAdmissionReview(bytes, origin, limits, where).record], rejected: [] };
      case 'array':
        return parseArray(bytes, origin, limits, where);
      default:
        return parseEvent(bytes, origin, limits, where);
    }
  } catch (error) {
    if (!(error instanceof GatewatchError)) throw error;
    const { code, message } = error;
    return { records: [], rejected: [{ code, where: error.where ?? where, what: message, bytes }] };
  }
}

/** What a document says it is, by its top-level `kind`; only a document that names one of the other kinds is looked at closely. */
function kindOf(bytes: Buffer, limits: InputLimits): string {
  const scanner = new JsonScanner(bytes, limits.json_depth_max);
  const start = scanner.skipSpace(0);
  if (bytes[start] === 0x5b) return 'array';
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

function parseArray(bytes: Buffer, origin: Origin, limits: InputLimits, where: string): Parsed {
  const parsed: Parsed = { records: [], rejected: [] };
  const scanner = new JsonScanner(bytes, limits.json_depth_max);
  try {
    const end = scanner.elements(scanner.skipSpace(0), (start, index) => {
      const after = scanner.skipValue(start);
      const part = parseDocument(bytes.subarray(start, after), origin, limits, `${where}[${index}]`);
      parsed.records.push(...part.records);
      parsed.rejected.push(...part.rejected);
      return after;
    });
    if (scanner.skipSpace(end) !== bytes.length) throw new NotJson(end);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    parsed.rejected.push({ code: 'ITEM_NOT_JSON', where, what: `Not JSON: ${error.message}.`, bytes });
  }
  return parsed;
}
