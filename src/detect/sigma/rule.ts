import { readDetection } from './detection.ts';
import type { RuleDocument } from './document.ts';
import { anchorsOf, compileExpression, type Expression, isPossible, itemsOf } from './expression.ts';
import { RULE_ATTRIBUTES, readMetadata } from './metadata.ts';
import type { LogSource, SigmaRule } from './model.ts';
import { AttributeReader, isYamlMap, kindOf } from './reader.ts';
import { suggestion } from './suggest.ts';

const PRODUCT = 'kubernetes';
const SERVICE = 'audit';
const NAME_CHARACTERS_MAX = 256;

/** Sigma rules specification. `undefined` if anything in the document was refused. */
export function readRule(document: RuleDocument): SigmaRule | undefined {
  const metadata = readMetadata(document, RULE_ATTRIBUTES);
  for (const key of ['logsource', 'detection']) {
    if (!Object.hasOwn(document.top, key)) {
      const hint = suggestion(
        key,
        Object.keys(document.top).filter((each) => !RULE_ATTRIBUTES.includes(each)),
      );
      document.refuse('RULE_INVALID', `The required attribute "${key}" is missing.${hint}`, []);
    }
  }
  const logsource = readLogSource(document);
  const fields = new AttributeReader(document, document.top).texts('fields');
  const detection = Object.hasOwn(document.top, 'detection')
    ? readDetection(document, document.top.detection)
    : undefined;
  if (!detection || !document.sound) return undefined;

  const { expression, unused } = detection;
  const applies =
    logsource.product?.toLowerCase() === PRODUCT && (logsource.service ?? SERVICE).toLowerCase() === SERVICE;
  for (const name of unused) {
    document.warn(metadata.id, `The condition does not use "${name}".`, document.where(['detection', name]));
  }
  if (applies) warnOfTheImpossible(document, metadata.id, expression);
  else {
    document.warn(
      metadata.id,
      `can never match: its log source is not product "${PRODUCT}", service "${SERVICE}".`,
      document.where(['logsource']),
    );
  }
  return {
    ...metadata,
    logsource,
    applies,
    fields,
    anchors: anchorsOf(expression),
    matches: applies ? compileExpression(expression) : () => false,
  };
}

function warnOfTheImpossible(document: RuleDocument, id: string, expression: Expression): void {
  const possible = isPossible(expression);
  const told = new Set<string>();
  for (const { never, where } of itemsOf(expression)) {
    if (never === undefined || told.has(where)) continue;
    told.add(where);
    const what = possible
      ? 'a part of the rule cannot match a raw audit event'
      : 'cannot match a raw audit event';
    document.warn(id, `${what}: ${never}`, where);
  }
}

function readLogSource(document: RuleDocument): LogSource {
  const { logsource } = document.top;
  if (logsource === undefined) return {};
  if (!isYamlMap(logsource)) {
    document.refuse(
      'RULE_INVALID',
      `"logsource": expected a map with "product" and "service", found ${kindOf(logsource)}.`,
      ['logsource'],
    );
    return {};
  }
  const attributes = new AttributeReader(document, logsource, ['logsource']);
  const category = attributes.text('category', NAME_CHARACTERS_MAX);
  const product = attributes.text('product', NAME_CHARACTERS_MAX);
  const service = attributes.text('service', NAME_CHARACTERS_MAX);
  return {
    ...(category !== undefined && { category }),
    ...(product !== undefined && { product }),
    ...(service !== undefined && { service }),
  };
}
