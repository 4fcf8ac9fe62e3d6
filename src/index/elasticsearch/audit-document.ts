import type { ReceivedRecord } from '../../record/record.ts';
import { formatEventTime, parseEventTime } from '../../record/time.ts';
import { parseUntrusted } from '../../record/untrusted-json.ts';
import { flattened } from './flattened.ts';

const ECS_VERSION = '9.4.0';
const DATASET = 'kubernetes.audit_logs';

/** On documents that say less than the event did: an object was too deep, or had too many values or too long a key. */
const CUT_TAG = 'gatewatch-cut';

/** Images, addresses and users listed of one event. */
const VALUES_MAX = 100;

type Json = Readonly<Record<string, unknown>>;

/** Fields of an audit.k8s.io/v1 Event that are kept as they are. */
const KEPT = [
  'level',
  'auditID',
  'stage',
  'requestURI',
  'verb',
  'authenticationMetadata',
  'sourceIPs',
  'userAgent',
  'objectRef',
  'responseStatus',
  'requestReceivedTimestamp',
  'stageTimestamp',
];

/** Fields that hold keys chosen by users, of the event and of its users. */
const FLATTENED = ['requestObject', 'responseObject', 'annotations'];
const USERS = ['user', 'impersonatedUser'];

/** `event.outcome` of each decision of the authorizer. */
const OUTCOMES: ReadonlyMap<unknown, string> = new Map([
  ['allow', 'success'],
  ['forbid', 'failure'],
]);

/**
 * The document of an audit event, in the layout of Elastic's kubernetes integration and with the ECS fields that its ingest pipeline sets.
 * As there, `event.outcome` is the authorizer's word: what admission refused is a `success`, and `responseStatus` says the rest.
 * @throws SyntaxError if the record's bytes are not JSON
 */
export function auditDocument(record: ReceivedRecord, namespace: string, ingested: string): Json {
  const event = objectOf(parseUntrusted(record.bytes.toString()));
  const user = objectOf(event.user);
  const objectRef = objectOf(event.objectRef);
  const { audit, whole } = auditFields(event);
  const ip = stringsOf(event.sourceIPs);
  const images = imagesOf(event);
  const time = parseEventTime(event.stageTimestamp) ?? parseEventTime(event.requestReceivedTimestamp);
  const outcome = OUTCOMES.get(objectOf(event.annotations)['authorization.k8s.io/decision']);
  return {
    '@timestamp': formatEventTime(time ?? record.receivedMs * 1000),
    ecs: { version: ECS_VERSION },
    data_stream: { type: 'logs', dataset: DATASET, namespace },
    event: {
      kind: 'event',
      id: record.id,
      module: 'kubernetes',
      dataset: DATASET,
      ingested,
      ...texts({ action: event.verb, outcome }),
    },
    orchestrator: {
      type: 'kubernetes',
      api_version: audit.apiVersion,
      cluster: { name: record.cluster },
      ...texts({ namespace: objectRef.namespace }),
      resource: texts({ type: objectRef.resource, name: objectRef.name }),
    },
    user: texts({ id: user.uid, name: user.username }),
    user_agent: texts({ original: event.userAgent }),
    ...(ip.length > 0 && { source: { ip }, client: { ip } }),
    ...(images.length > 0 && { container: { image: { name: images } } }),
    related: { user: stringsOf([user.uid, user.username, objectOf(event.impersonatedUser).username]), ip },
    ...(!whole && { tags: [CUT_TAG] }),
    kubernetes: { audit },
  };
}

/** What stands under `kubernetes.audit`, and whether it is all that the event said. */
function auditFields(event: Json): { audit: Json; whole: boolean } {
  let whole = true;
  const fit = (value: unknown): unknown => {
    // A JSON patch is a list of objects.
    const objects = Array.isArray(value) ? value.filter(isObject) : objectOf(value);
    const fitting = flattened(objects);
    whole &&= fitting.whole && (!Array.isArray(value) || value.length === objects.length);
    return fitting.value;
  };
  // What a webhook sends has no kind and version of its own; the list around it has.
  const audit: Record<string, unknown> = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    ...present(event, KEPT),
  };
  for (const name of FLATTENED) {
    if (event[name] !== undefined && event[name] !== null) audit[name] = fit(event[name]);
  }
  for (const name of USERS) {
    const user = objectOf(event[name]);
    if (Object.keys(user).length === 0) continue;
    audit[name] = { ...present(user, ['username', 'uid', 'groups']), extra: fit(objectOf(user.extra)) };
  }
  if (audit.annotations !== undefined) audit.annotations = withoutDots(objectOf(audit.annotations));
  return { audit, whole };
}

function withoutDots(annotations: Json): Json {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key.replaceAll('.', '_'), value]),
  );
}

function imagesOf(event: Json): string[] {
  const containers = objectOf(objectOf(event.requestObject).spec).containers;
  return stringsOf(Array.isArray(containers) ? containers.map((container) => objectOf(container).image) : []);
}

function present(fields: Json, names: readonly string[]): Json {
  return Object.fromEntries(
    names.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]),
  );
}

/** Of some fields those that are texts and not empty. */
function texts(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isText(value)));
}

function stringsOf(values: unknown): string[] {
  return Array.isArray(values) ? [...new Set(values.filter(isText))].slice(0, VALUES_MAX) : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function objectOf(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
