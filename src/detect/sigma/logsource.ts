import type { RuleDocument } from './document.ts';
import type { LogSource } from './model.ts';
import { AttributeReader, isYamlMap, kindOf, type YamlMap } from './reader.ts';

const PRODUCT = 'kubernetes';
const SERVICE = 'audit';
const NAME_CHARACTERS_MAX = 256;

const KEYS = ['category', 'product', 'service'] as const;

/** Sigma rules specification, "LogSource". What is wrong in it is refused and read as absent. */
export function readLogSource(document: RuleDocument): LogSource {
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
  attributes.text('definition', Number.POSITIVE_INFINITY);
  return readSource(attributes);
}

/** What a map says of a log source. */
export function readSource(attributes: AttributeReader): LogSource {
  return Object.fromEntries(
    KEYS.map((key) => [key, attributes.text(key, NAME_CHARACTERS_MAX)]).filter(
      ([, text]) => text !== undefined,
    ),
  );
}

/** The log source that a document states, what is wrong in it left out; without one it is about rules for the audit log. */
export function statedSource({ logsource }: YamlMap): LogSource {
  if (!isYamlMap(logsource)) return { product: PRODUCT, service: SERVICE };
  return Object.fromEntries(
    KEYS.map((key) => [key, logsource[key]]).filter(([, name]) => typeof name === 'string'),
  );
}

/** Whether it is the Kubernetes audit log; of the service nothing has to be said. */
export function isAuditLog({ product, service = SERVICE }: LogSource): boolean {
  return product?.toLowerCase() === PRODUCT && service.toLowerCase() === SERVICE;
}

/** Whether everything that the one says holds of the other. */
export function covers(one: LogSource, other: LogSource): boolean {
  const stated = isAuditLog(other) ? { service: SERVICE, ...other } : other;
  return KEYS.every((key) => one[key] === undefined || one[key].toLowerCase() === stated[key]?.toLowerCase());
}

/** Why a rule for another log source can never match. */
export const NOT_AUDIT_LOG = `can never match: its log source is not product "${PRODUCT}", service "${SERVICE}".`;
