import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { COUNT_FIELDS } from '../index/port.ts';
import { POLICY_EFFECTS, SOURCES } from '../record/signal.ts';
import { OUTCOMES, SEVERITIES, STATUSES } from './words.ts';

/**
 * Shapes of the API's answers, for the OpenAPI document. They describe, they do not filter: an answer is sent as the store holds
 * it, so that a field too many never costs an analyst an alert.
 */
const time = z.string().meta({ format: 'date-time' });
const texts = z.array(z.string());
const violations = z.array(
  z.looseObject({ check: z.string(), reason: z.string(), detail: z.string().optional() }),
);
const outcome = z.enum(OUTCOMES);

const letThrough = z.array(
  z.looseObject({
    time: time.optional(),
    namespace: z.string().optional(),
    resource: z.string().optional(),
    name: z.string().optional(),
    user: z.string().optional(),
    author: z.string().optional().describe('Who is behind it.'),
    violations: violations.optional(),
    failed_open: texts.optional(),
  }),
);

const evidence = z.looseObject({
  record_id: z.string(),
  audit_id: z.string().optional(),
  stage: z.string(),
  source: z.enum(SOURCES),
  time: time.optional(),
  verb: z.string().optional(),
  uri: z.string().optional(),
  user: z.string().optional(),
  outcome,
});

const denial = z.looseObject({
  engine: z.string(),
  policy: z.string().optional(),
  binding: z.string().optional(),
  webhook: z.string().optional(),
  message: z.string(),
});

const incident = z.looseObject({
  id: z.string(),
  count: z.int().describe('How many alerts it has.'),
  level: z.enum(SEVERITIES).describe('The highest of its alerts.'),
  start: time,
  end: time,
  message: z.string().describe('What happened, in order, in one sentence.'),
  members: z
    .array(z.looseObject({ id: z.string(), rule: z.string(), level: z.enum(SEVERITIES), outcome, time }))
    .describe('Its alerts in order; of many the first and the last.'),
});

const gatewatch = z.looseObject({
  detection_id: z.string().optional(),
  outcome,
  version: z.int().describe('Grows with every revision of the alert.'),
  count: z.int().describe('Distinct matches that the alert stands for.'),
  suppressed: z.int().optional().describe('Matches that are counted but not listed as evidence.'),
  actor: z
    .looseObject({
      kind: z.string(),
      author: z.string().optional().describe('The person or pipeline behind the request.'),
      chain: texts.describe('From who asked to who is behind it.'),
      managers: texts.optional().describe('Field managers of the object: a hint.'),
    })
    .optional(),
  admission: z
    .looseObject({
      outcome,
      denied_by: z.array(denial).optional(),
      failed_open: texts.optional().describe('Webhooks that could not be reached and were passed over.'),
      mutated_by: texts.optional().describe('Webhooks that changed the object.'),
      decisions: z
        .array(
          z.looseObject({
            engine: z.string(),
            verdict: z.string().optional(),
            policy: texts.optional(),
            message: z.string().optional(),
          }),
        )
        .optional()
        .describe('What policy engines say themselves, whether or not they were heard.'),
    })
    .optional(),
  pod_security: z
    .looseObject({
      enforced: z.string().optional(),
      baseline: violations.optional(),
      restricted: violations.optional(),
    })
    .optional(),
  namespace: z
    .looseObject({
      labels_before: z.record(z.string(), z.string()).optional(),
      labels_after: z.record(z.string(), z.string()).optional(),
      enforce_before: z.string().optional(),
      enforce_after: z.string().optional(),
      changes: texts,
      relabelled: texts.optional().describe('Other labels that are changed, by which selectors may choose.'),
      put_back: z.literal(true).optional().describe('All labels are what they once were.'),
    })
    .optional(),
  policy: z
    .looseObject({
      engine: z.string(),
      effect: z.enum(POLICY_EFFECTS),
      changes: texts,
      reasons: texts,
    })
    .optional()
    .describe('What a write changes in admission control itself.'),
  baseline: z
    .looseObject({
      field: texts.describe('Fields whose values are new together.'),
      value: texts.describe("The values; '' for one that was absent."),
      learned_since: time.describe("Beginning of the cluster's baseline."),
      last_seen: z.iso.date().optional().describe('Day on which the value was last seen before.'),
    })
    .optional()
    .describe('What had not been seen before.'),
  blast_radius: letThrough
    .optional()
    .describe('What was admitted while protection was weakened, and would not have been before.'),
  blast_radius_uncertain: letThrough
    .optional()
    .describe(
      'What may belong there too: whether what was weakened had a say in its namespace cannot be told.',
    ),
  exception: z
    .looseObject({ id: z.string(), title: z.string(), owner: z.string(), reason: z.string(), expires: time })
    .optional()
    .describe('The exception that took the matches away from the rule; the alert is closed.'),
  incident: incident.optional().describe('The alerts of the same actor around this one.'),
  incident_version: z
    .int()
    .optional()
    .describe('Grows when the incident changes, or the alert joins or leaves one.'),
  evidence: z.array(evidence),
  limits: texts.optional().describe('What the source could not tell.'),
  status: z.enum(STATUSES),
  level: z.enum(SEVERITIES),
});

export const alertSchema = z
  .looseObject({
    '@timestamp': time.describe('Time of the last evidence, the event time.'),
    ecs: z.looseObject({ version: z.string() }),
    message: z.string().describe('The alert in one sentence.'),
    event: z.looseObject({
      kind: z.literal('alert'),
      id: z.string(),
      category: texts,
      type: texts,
      action: z.string().optional(),
      outcome: z.enum(['success', 'failure', 'unknown']),
      severity: z.int(),
      start: time.optional(),
      end: time.optional(),
      module: z.literal('gatewatch'),
      dataset: z.literal('gatewatch.alert'),
      provider: z.literal('kubernetes'),
    }),
    rule: z.looseObject({
      id: z.string(),
      name: z.string(),
      description: z.string().optional(),
      reference: z.string().optional(),
      author: texts.optional(),
      ruleset: z.string(),
    }),
    threat: z
      .looseObject({
        framework: z.literal('MITRE ATT&CK'),
        tactic: z.looseObject({ id: texts, name: texts }).optional(),
        technique: z.looseObject({ id: texts, name: texts.optional() }).optional(),
      })
      .optional(),
    orchestrator: z.looseObject({
      type: z.literal('kubernetes'),
      cluster: z.looseObject({ name: z.string() }),
      namespace: z.string().optional(),
      api_version: z.string().optional(),
      resource: z.looseObject({ type: z.string().optional(), name: z.string().optional() }).optional(),
    }),
    user: z.looseObject({ name: z.string(), roles: texts.optional() }).optional(),
    source: z.looseObject({ ip: z.string() }).optional(),
    user_agent: z.looseObject({ original: z.string() }).optional(),
    related: z.looseObject({ user: texts.optional(), ip: texts.optional() }).optional(),
    gatewatch,
  })
  .meta({
    id: 'Alert',
    description: "One alert: an ECS document, with Gatewatch's own fields under `gatewatch`.",
  });

export const alertPageSchema = z.object({
  alerts: z.array(alertSchema),
  next: z.string().optional().describe('Cursor of the next page; absent on the last.'),
});

export const countsSchema = z.object({
  total: z.int(),
  by: z.enum(COUNT_FIELDS).optional(),
  values: z
    .array(z.object({ value: z.string(), label: z.string().optional(), count: z.int() }))
    .describe('The 100 most frequent values, most frequent first.'),
});

export const errorSchema = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
      message: z.string().describe('What was wrong.'),
      where: z.string().optional().describe('The parameter or place.'),
      remedy: z.string().describe('What to do about it.'),
    }),
  })
  .meta({ id: 'Error' });
