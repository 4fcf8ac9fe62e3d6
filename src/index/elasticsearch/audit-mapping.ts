import { date, flattenedField, ip, keyword, object, text } from './mapping.ts';

/** Times and codes are the sender's: one that is none is kept, but not indexed. */
const claimedDate = { ...date, ignore_malformed: true } as const;
const claimedInteger = { type: 'integer', ignore_malformed: true } as const;

const user = object({ username: keyword, uid: keyword, groups: text, extra: flattenedField });

/**
 * Fields of an audit event, with the types that Elastic's kubernetes integration gives them, so that rules and dashboards for one work on the
 * other. What the integration maps key by key, and cuts labels out of, is `flattened` here: no object of any custom resource can break
 * the mapping, and every key can be searched under the same name.
 */
const kubernetesAudit = object({
  apiVersion: keyword,
  kind: keyword,
  level: keyword,
  auditID: keyword,
  stage: keyword,
  requestURI: keyword,
  verb: keyword,
  user,
  impersonatedUser: user,
  sourceIPs: text,
  userAgent: keyword,
  objectRef: object({
    resource: keyword,
    namespace: keyword,
    name: keyword,
    uid: keyword,
    apiGroup: keyword,
    apiVersion: keyword,
    resourceVersion: keyword,
    subresource: keyword,
  }),
  responseStatus: object({ code: claimedInteger, status: keyword, reason: keyword, message: text }),
  requestObject: flattenedField,
  responseObject: flattenedField,
  requestReceivedTimestamp: claimedDate,
  stageTimestamp: claimedDate,
  annotations: flattenedField,
});

/** The mapping of the data stream of audit events. What is not named is kept but not indexed, as in the integration's. */
export const AUDIT_EVENTS_MAPPING = {
  dynamic: false,
  properties: {
    '@timestamp': date,
    ecs: object({ version: keyword }),
    data_stream: object({ type: keyword, dataset: keyword, namespace: keyword }),
    event: object({
      kind: keyword,
      id: keyword,
      action: keyword,
      outcome: keyword,
      module: keyword,
      dataset: keyword,
      ingested: date,
    }),
    orchestrator: object({
      type: keyword,
      cluster: object({ name: keyword }),
      namespace: keyword,
      api_version: keyword,
      resource: object({ type: keyword, name: keyword }),
    }),
    user: object({ id: keyword, name: keyword }),
    user_agent: object({ original: keyword }),
    source: object({ ip }),
    client: object({ ip }),
    container: object({ image: object({ name: keyword }) }),
    related: object({ user: keyword, ip }),
    tags: keyword,
    kubernetes: object({ audit: kubernetesAudit }),
  },
} as const;
