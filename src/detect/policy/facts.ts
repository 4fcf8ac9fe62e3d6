import { contentId } from '../../record/record.ts';
import { at, isObject, type JsonObject, member } from '../decode/json.ts';
import { AUTOGEN_ANNOTATION } from './kinds/kyverno-policy.ts';
import { OPA_POLICY_LABEL } from './kinds/opa-policy.ts';
import { lifetimeFacts } from './lifetime.ts';
import type { PolicyKind } from './registry.ts';

/** Longer texts (the code of a policy, a message) are kept as their hash: whether they changed can be told, what they said cannot. */
const TEXT_CHARS_MAX = 4096;

/** Nesting that is kept; no policy of any engine means anything by what lies deeper. */
const DEPTH_MAX = 64;

const HASH = /^sha256:[0-9a-f]{32}$/;

/** Fields that hold certificates. */
const CERTIFICATES = new Set(['caBundle', 'caCert']);

/**
 * The part of a policy object that says what it does, with long texts and certificates as their hash: what is worth remembering of it, and all
 * that `comparePolicy` looks at. The facts of facts are the same facts.
 */
export function policyFacts({ parts }: Pick<PolicyKind, 'parts'>, object: unknown): JsonObject {
  const metadata = metadataOf(object, parts.includes('metadata'));
  const facts = parts.flatMap((part) => {
    const value = part === 'metadata' ? undefined : trimmed(member(object, part), part, 0);
    return value === undefined ? [] : [[part, value] as const];
  });
  return Object.fromEntries(metadata === undefined ? facts : [['metadata', metadata], ...facts]);
}

/** @param says whether annotations and labels say what the object does */
function metadataOf(object: unknown, says: boolean): JsonObject | undefined {
  const { labels, ...lifetime } = lifetimeFacts(object);
  const annotation = says ? at(object, 'metadata', 'annotations', AUTOGEN_ANNOTATION) : undefined;
  const label = says ? at(object, 'metadata', 'labels', OPA_POLICY_LABEL) : undefined;
  const kept = {
    ...lifetime,
    ...(annotation === undefined ? {} : { annotations: { [AUTOGEN_ANNOTATION]: annotation } }),
    ...(label === undefined && labels === undefined
      ? {}
      : { labels: { ...labels, ...(label === undefined ? {} : { [OPA_POLICY_LABEL]: label }) } }),
  };
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function trimmed(value: unknown, field: string, depth: number): unknown {
  if (typeof value === 'string') {
    const isLong = value.length > TEXT_CHARS_MAX || CERTIFICATES.has(field);
    return isLong && value !== '' && !HASH.test(value) ? `sha256:${contentId(value)}` : value;
  }
  if (depth === DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return value.map((element) => trimmed(element, field, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, trimmed(inner, key, depth + 1)]),
  );
}
