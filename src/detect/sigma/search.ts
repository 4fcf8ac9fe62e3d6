import { readDetection } from './detection.ts';
import type { RuleDocument } from './document.ts';
import { type Expression, isPossible, itemsOf } from './expression.ts';
import { isAuditLog, NOT_AUDIT_LOG, readLogSource } from './logsource.ts';
import { readMetadata } from './metadata.ts';
import type { LogSource, RuleMetadata } from './model.ts';
import { suggestion } from './suggest.ts';

/** What a rule and a filter have in common: what is looked for, and where. */
export interface Search {
  readonly metadata: RuleMetadata;
  readonly logsource: LogSource;
  readonly expression: Expression;
  /** False if it is for another log source than the Kubernetes audit log, or if a list that it needs is empty. */
  readonly applies: boolean;
}

/**
 * Reads everything but what only one of the two kinds has. `undefined` if anything in the document was refused.
 * @param section where the search identifiers and the condition are
 * @param known attributes that the kind may have
 */
export function readSearch(
  document: RuleDocument,
  section: 'detection' | 'filter',
  known: readonly string[],
): Search | undefined {
  const metadata = readMetadata(document, known);
  const { top } = document;
  for (const key of ['logsource', section]) {
    if (Object.hasOwn(top, key)) continue;
    const others = Object.keys(top).filter((each) => !known.includes(each));
    const message = `The required attribute "${key}" is missing.${suggestion(key, others)}`;
    document.refuse('RULE_INVALID', message, []);
  }
  const logsource = readLogSource(document);
  const ofAuditLog = isAuditLog(logsource);
  const sought = Object.hasOwn(top, section)
    ? readSought(document, section, metadata.id, ofAuditLog)
    : undefined;
  if (!sought) return undefined;
  if (!ofAuditLog) document.warn(metadata.id, NOT_AUDIT_LOG, document.where(['logsource']));
  return { metadata, logsource, ...sought, applies: ofAuditLog && sought.applies };
}

/** What a condition asks of an event. */
type Sought = Pick<Search, 'expression' | 'applies'>;

/**
 * Reads a condition with its search identifiers, and warns of what cannot be meant. `undefined` if anything in the document was refused.
 * @param id of the document, for warnings
 * @param ofAuditLog whether it is audit events that are looked at
 */
export function readSought(
  document: RuleDocument,
  section: 'detection' | 'filter',
  id: string,
  ofAuditLog: boolean,
): Sought | undefined {
  const detection = readDetection(document, section);
  if (!detection || !document.sound) return undefined;
  const { expression, unused } = detection;
  const warn = (message: string, where: string) => document.warn(id, message, where);
  for (const name of unused) {
    warn(`The condition does not use "${name}".`, document.where([section, name]));
  }
  for (const [where, mapped] of mappedItems(expression)) document.noteMapped(id, mapped, where);
  if (ofAuditLog) warnOfTheImpossible(expression, warn);
  const emptyLists = new Set([...itemsOf(expression)].flatMap(({ item }) => item.emptyLists));
  for (const list of emptyLists) {
    warn(
      `is switched off: its list "${list}" is empty. Fill it, or name a file for it in detect.lists.`,
      document.where([section]),
    );
  }
  return { expression, applies: emptyLists.size === 0 };
}

/** What mappings made of the fields of items, by the place of the item. */
function mappedItems(expression: Expression): ReadonlyMap<string, string> {
  const items = [...itemsOf(expression)];
  return new Map(items.flatMap(({ where, mapped }) => (mapped === undefined ? [] : [[where, mapped]])));
}

function warnOfTheImpossible(expression: Expression, warn: (message: string, where: string) => void): void {
  const possible = isPossible(expression);
  const told = new Set<string>();
  for (const { never, where } of itemsOf(expression)) {
    if (never === undefined || told.has(where)) continue;
    told.add(where);
    const what = possible
      ? 'a part of the condition cannot match a raw audit event'
      : 'cannot match a raw audit event';
    warn(`${what}: ${never}`, where);
  }
}
