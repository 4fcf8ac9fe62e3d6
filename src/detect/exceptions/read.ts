import { type EventTime, formatEventTime, parseMoment } from '../../record/time.ts';
import type { RuleDocument } from '../sigma/document.ts';
import { compileExpression } from '../sigma/expression.ts';
import type { Predicate } from '../sigma/item.ts';
import { AttributeReader } from '../sigma/reader.ts';
import { readSought } from '../sigma/search.ts';
import { suggestion } from '../sigma/suggest.ts';
import type { Exception } from './model.ts';

/** Stands for every rule and correlation, in the place of a list. */
export const ANY = 'any';

const ATTRIBUTES = ['title', 'id', 'owner', 'reason', 'rules', 'date', 'from', 'expires', 'detection'];

const NAME_CHARACTERS_MAX = 256;
const REASON_CHARACTERS_MAX = 4096;

/** What was decided longer ago has to be decided again. */
const DAYS_MAX = 366;
const DAY = 86_400_000_000;

/** An exception before the rules that it names are known. */
export interface ExceptionDraft extends Omit<Exception, 'targets'> {
  readonly document: RuleDocument;
}

/** `undefined` if anything in the document was refused. */
export function readException(document: RuleDocument): ExceptionDraft | undefined {
  for (const key of Object.keys(document.top)) {
    if (ATTRIBUTES.includes(key)) continue;
    const what = `An exception has no attribute "${key}".${suggestion(key, ATTRIBUTES)}`;
    document.refuse('EXCEPTION_INVALID', what, [key]);
  }
  const attributes = new AttributeReader(document, document.top, [], 'EXCEPTION_INVALID');
  const required = (key: string, charactersMax: number): string => {
    if (!isMissing(attributes, key)) return attributes.text(key, charactersMax)?.trim() ?? '';
    refuseMissing(document, key);
    return '';
  };
  const title = required('title', NAME_CHARACTERS_MAX);
  const id = required('id', NAME_CHARACTERS_MAX);
  const owner = required('owner', NAME_CHARACTERS_MAX);
  const reason = required('reason', REASON_CHARACTERS_MAX);
  const rules = readRules(document, attributes);
  const period = readPeriod(document, attributes);
  const matches = readMatches(document, id, rules);
  if (!document.sound || !period || !matches) return undefined;
  return { id, title, owner, reason, rules, ...period, matches, where: document.where([]), document };
}

/** Blanks are no reason, and nobody's name. */
function isMissing(attributes: AttributeReader, key: string): boolean {
  const value = attributes.value(key) ?? '';
  return typeof value === 'string' && value.trim() === '';
}

function refuseMissing(document: RuleDocument, key: string): void {
  const others = Object.keys(document.top).filter((each) => !ATTRIBUTES.includes(each));
  const what = `The required attribute "${key}" is missing.${suggestion(key, others)}`;
  document.refuse('EXCEPTION_INVALID', what, [key]);
}

function readRules(document: RuleDocument, attributes: AttributeReader): string[] {
  if (isMissing(attributes, 'rules')) {
    refuseMissing(document, 'rules');
    return [];
  }
  const rules = attributes.texts('rules');
  if (Array.isArray(attributes.value('rules')) && rules.includes(ANY)) {
    const what = `"${ANY}" stands alone, in the place of the list.`;
    document.refuse('EXCEPTION_INVALID', what, ['rules', rules.indexOf(ANY)]);
  } else if (rules.length === 0 && document.sound) {
    attributes.refuse('rules', `names, ids or detection ids of rules and correlations, or "${ANY}"`);
  }
  return rules;
}

/** From when to when it holds. */
function readPeriod(
  document: RuleDocument,
  attributes: AttributeReader,
): Pick<Exception, 'from' | 'expires'> | undefined {
  if (isMissing(attributes, 'expires')) refuseMissing(document, 'expires');
  const [date, from, expires] = ['date', 'from', 'expires'].map((key) => readMoment(attributes, key));
  if (isMissing(attributes, 'date') && isMissing(attributes, 'from')) {
    const what = `State "date" (when it was decided) or "from" (when it begins): it may last ${DAYS_MAX} days from there.`;
    document.refuse('EXCEPTION_INVALID', what, ['expires']);
  }
  const begins = from ?? date;
  if (expires === undefined || begins === undefined) return undefined;
  const key = from === undefined ? 'date' : 'from';
  if (expires <= begins) {
    document.refuse('EXCEPTION_INVALID', `"expires" does not come after "${key}".`, ['expires']);
  } else if (expires - begins > DAYS_MAX * DAY) {
    const last = formatEventTime(begins + DAYS_MAX * DAY).slice(0, 'YYYY-MM-DD'.length);
    const what = `"expires" is more than ${DAYS_MAX} days after "${key}"; ${last} is the last day possible.`;
    document.refuse('EXCEPTION_INVALID', what, ['expires']);
  }
  return { ...(from !== undefined && { from }), expires };
}

function readMoment(attributes: AttributeReader, key: string): EventTime | undefined {
  if (isMissing(attributes, key)) return undefined;
  const time = parseMoment(attributes.value(key));
  if (time === undefined) attributes.refuse(key, 'a date (2027-03-01) or a timestamp (2027-03-01T12:00:00Z)');
  return time;
}

/** Without a detection it holds of everything that its rules match. */
function readMatches(document: RuleDocument, id: string, rules: readonly string[]): Predicate | undefined {
  if (Object.hasOwn(document.top, 'detection')) {
    const sought = readSought(document, 'detection', id, true);
    if (!sought) return undefined;
    return sought.applies ? compileExpression(sought.expression) : () => false;
  }
  if (rules.includes(ANY)) {
    const what = `Without "detection" it would except everything: say of which events it takes matches.`;
    document.refuse('EXCEPTION_INVALID', what, ['rules']);
  } else {
    document.warn(
      id,
      'takes away all matches of its rules, as it has no "detection".',
      document.where(['rules']),
    );
  }
  return () => true;
}
