import type { estypes } from '@elastic/elasticsearch';
import { FLATTENED_VALUE_CHARS_MAX } from './flattened.ts';
import { INDEXED_PREFIX_CHARS_MAX } from './words.ts';

type Properties = Record<string, estypes.MappingProperty>;

/**
 * Longest text that is indexed whole, in characters. Of at most 4 bytes each, they stay below the 32,766 bytes that Lucene takes as one
 * term. What is longer is kept, but not found by its value.
 */
const KEYWORD_CHARS_MAX = 8191;

export const keyword = { type: 'keyword', ignore_above: KEYWORD_CHARS_MAX } as const;
export const text = { type: 'text' } as const;
export const date = { type: 'date' } as const;
const long = { type: 'long' } as const;

/** Addresses come from events, in which a client may write anything: what is none is kept, but not indexed. */
export const ip = { type: 'ip', ignore_malformed: true } as const;

/** For keys that users choose: in an object each would become a field, until there are too many. */
export const flattenedField = { type: 'flattened', ignore_above: FLATTENED_VALUE_CHARS_MAX } as const;

export function object(properties: Properties) {
  return { properties };
}

const violations = object({ check: keyword, reason: keyword, detail: keyword });

const letThrough = object({
  time: date,
  namespace: keyword,
  resource: keyword,
  name: keyword,
  user: keyword,
  author: keyword,
  violations,
  failed_open: keyword,
});

/**
 * Fields of an alert, as ECS has them. What is not named here is kept but not indexed: an alert is never refused because a newer Gatewatch
 * writes a field that the index of the month does not have yet.
 *
 * Lists of objects (`evidence`, `denied_by`) are plain objects and not `nested`: Kibana and Grafana can filter by and count the
 * values of these, and which values belong together is seen in the alert.
 */
const properties: Properties = {
  // Milliseconds, as in all other indices of `logs-*`, so that views over them stay sound; exact order and bounds take `nanos`.
  '@timestamp': { ...date, fields: { nanos: { type: 'date_nanos' } } },
  ecs: object({ version: keyword }),
  message: text,
  event: object({
    kind: keyword,
    id: keyword,
    category: keyword,
    type: keyword,
    action: keyword,
    outcome: keyword,
    severity: long,
    start: date,
    end: date,
    ingested: date,
    module: keyword,
    dataset: keyword,
    provider: keyword,
    original: { type: 'keyword', index: false, doc_values: false },
  }),
  rule: object({
    id: keyword,
    name: keyword,
    description: keyword,
    reference: keyword,
    author: keyword,
    ruleset: keyword,
  }),
  threat: object({
    framework: keyword,
    tactic: object({ id: keyword, name: keyword }),
    technique: object({ id: keyword, name: keyword }),
  }),
  orchestrator: object({
    type: keyword,
    cluster: object({ name: keyword }),
    namespace: keyword,
    api_version: keyword,
    resource: object({ type: keyword, name: keyword }),
  }),
  user: object({ name: keyword, roles: keyword }),
  source: object({ ip }),
  user_agent: object({ original: keyword }),
  related: object({ user: keyword, ip }),
  gatewatch: object({
    detection_id: keyword,
    outcome: keyword,
    version: long,
    count: long,
    suppressed: long,
    level: keyword,
    status: keyword,
    limits: keyword,
    actor: object({ kind: keyword, author: keyword, chain: keyword, managers: keyword }),
    admission: object({
      outcome: keyword,
      denied_by: object({
        engine: keyword,
        policy: keyword,
        binding: keyword,
        webhook: keyword,
        message: text,
      }),
      failed_open: keyword,
      mutated_by: keyword,
      decisions: object({ engine: keyword, verdict: keyword, policy: keyword, message: text }),
    }),
    pod_security: object({ enforced: keyword, baseline: violations, restricted: violations }),
    namespace: object({
      labels_before: flattenedField,
      labels_after: flattenedField,
      enforce_before: keyword,
      enforce_after: keyword,
      changes: keyword,
      relabelled: keyword,
      put_back: { type: 'boolean' },
    }),
    policy: object({ engine: keyword, effect: keyword, changes: keyword, reasons: text }),
    exception: object({ id: keyword, title: keyword, owner: keyword, reason: text, expires: date }),
    baseline: object({ field: keyword, value: keyword, learned_since: date, last_seen: date }),
    blast_radius: letThrough,
    blast_radius_uncertain: letThrough,
    incident: object({
      id: keyword,
      count: long,
      level: keyword,
      start: date,
      end: date,
      message: text,
      members: object({ id: keyword, rule: keyword, level: keyword, outcome: keyword, time: date }),
    }),
    incident_version: long,
    evidence: object({
      record_id: keyword,
      audit_id: keyword,
      stage: keyword,
      source: keyword,
      time: date,
      verb: keyword,
      uri: keyword,
      user: keyword,
      outcome: keyword,
    }),
    words: {
      type: 'text',
      analyzer: 'whitespace',
      norms: false,
      index_prefixes: { min_chars: 1, max_chars: INDEXED_PREFIX_CHARS_MAX },
    },
  }),
};

/** The mapping of an alert index. */
export const ALERTS_MAPPING = { dynamic: false, properties } as const;
