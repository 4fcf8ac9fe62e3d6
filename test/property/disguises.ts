import { at } from '../../src/detect/decode/json.ts';
import type { Event } from './rule-events.ts';

/**
 * Says an event in other words; undefined if there are none. Several events stand for one where more stages of it are recorded.
 * @param earlier the events before it
 */
type Disguise = (event: Event, earlier: readonly Event[]) => readonly Event[] | undefined;

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The event with a change to its bodies that hold an object; undefined if none does. */
function withObjects(event: Event, change: (object: Json) => Json): Event | undefined {
  const bodies = ['requestObject', 'responseObject'].filter(
    (name) => isObject(at(event[name], 'metadata')) && !NO_OBJECTS.has(at(event[name], 'kind')),
  );
  if (bodies.length === 0) return undefined;
  return { ...event, ...Object.fromEntries(bodies.map((name) => [name, change(event[name] as Json)])) };
}

const NO_OBJECTS: ReadonlySet<unknown> = new Set(['Status', 'DeleteOptions', 'Table']);

function withMetadata(event: Event, add: (metadata: Json) => Json): Event | undefined {
  return withObjects(event, (object) => ({
    ...object,
    metadata: { ...(object.metadata as Json), ...add(object.metadata as Json) },
  }));
}

const one = (event: Event | undefined) => event && [event];

/** What a client can ask for by creating only: nothing of it is stored under a name. */
const ONLY_CREATED =
  /^(?:tokenreviews|.*accessreviews|selfsubject.*|bindings|evictions|token|exec|attach|portforward|proxy|eviction|binding)$/;

/** A new object that is applied on the server, in the place of one that is created (a patch, answered with 201). */
const applied: Disguise = (event) => {
  const { verb, requestURI, objectRef, requestObject } = event;
  const name = at(objectRef, 'name') ?? at(requestObject, 'metadata', 'name');
  if (verb !== 'create' || at(event, 'responseStatus', 'code') !== 201 || typeof name !== 'string')
    return undefined;
  if (ONLY_CREATED.test(String(at(objectRef, 'subresource') ?? at(objectRef, 'resource')))) return undefined;
  const [path, query = ''] = String(requestURI ?? '').split('?');
  const uri = requestURI === undefined ? {} : { requestURI: `${path}/${name}?${query}` };
  return [{ ...event, verb: 'patch', objectRef: { ...(objectRef as Json), name }, ...uri }];
};

/** An update of the whole, in the place of a patch. What it takes away it does not say; who has not seen the object before cannot know. */
const updated: Disguise = (event, earlier) => {
  const object = (one: Event) =>
    JSON.stringify(['resource', 'namespace', 'name'].map((key) => at(one.objectRef, key)));
  if (!earlier.some((one) => object(one) === object(event))) return undefined;
  const { verb, responseObject } = event;
  if (verb !== 'patch' || at(event, 'responseStatus', 'code') !== 200) return undefined;
  if (!isObject(at(responseObject, 'metadata')) || NO_OBJECTS.has(at(responseObject, 'kind')))
    return undefined;
  return [{ ...event, verb: 'update', requestObject: responseObject }];
};

/** A JSON patch, in the place of another one. */
const jsonPatched: Disguise = (event) => {
  const { verb, requestObject } = event;
  if (verb !== 'patch' || at(event, 'responseStatus', 'code') === 201 || !isObject(requestObject))
    return undefined;
  if ('kind' in requestObject || !isPlain(requestObject)) return undefined;
  return [{ ...event, requestObject: leaves(requestObject, '') }];
};

/** What a list or a directive of a patch means only the server's kind of patch says. */
function isPlain(patch: unknown): boolean {
  if (Array.isArray(patch)) return false;
  return (
    !isObject(patch) || Object.entries(patch).every(([key, value]) => !key.startsWith('$') && isPlain(value))
  );
}

function leaves(value: unknown, path: string): object[] {
  if (value === null) return [{ op: 'remove', path }];
  if (!isObject(value) || Object.keys(value).length === 0) return [{ op: 'add', path, value }];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`example.com/l${index}`, 'x']));

const labelled: Disguise = (event) =>
  one(
    withMetadata(event, ({ labels, annotations }) => ({
      ...(labels === null || at(labels, '$patch') ? {} : { labels: { ...many, ...(labels as Json) } }),
      ...(annotations === null ? {} : { annotations: { ...many, ...(annotations as Json) } }),
    })),
  );

const managed: Disguise = (event) => {
  const { responseObject } = event;
  const known = at(responseObject, 'metadata', 'managedFields');
  if (!Array.isArray(known)) return undefined;
  const other = {
    manager: 'other',
    operation: 'Update',
    time: '2026-11-22T10:00:00Z',
    fieldsV1: { 'f:status': {} },
  };
  const object = responseObject as Json;
  return [
    {
      ...event,
      responseObject: {
        ...object,
        metadata: { ...(object.metadata as Json), managedFields: [other, ...known] },
      },
    },
  ];
};

const staged: Disguise = (event) => {
  if (event.stage !== 'ResponseComplete' || typeof event.requestReceivedTimestamp !== 'string')
    return undefined;
  const { requestObject, responseObject, responseStatus, annotations, ...received } = event;
  return [{ ...received, stage: 'RequestReceived', stageTimestamp: event.requestReceivedTimestamp }, event];
};

const versioned: Disguise = (event) => {
  const { objectRef, requestURI } = event;
  const version = at(objectRef, 'apiVersion');
  if (version !== 'v1' || !at(objectRef, 'apiGroup')) return undefined;
  const former =
    withObjects(event, (object) =>
      typeof object.apiVersion === 'string'
        ? { ...object, apiVersion: object.apiVersion.replace(/\/v1$/, '/v1beta1') }
        : object,
    ) ?? event;
  return [
    {
      ...former,
      objectRef: { ...(objectRef as Json), apiVersion: 'v1beta1' },
      ...(typeof requestURI === 'string' && {
        requestURI: requestURI.replace(/^(\/apis\/[^/]+)\/v1\//, '$1/v1beta1/'),
      }),
    },
  ];
};

/** A name that the API server makes up: only the answer says it. */
const generated: Disguise = (event) => {
  const { verb, objectRef, requestObject, responseObject } = event;
  // What is known of a namespace is kept under the name that the request says, since records are told apart by it.
  if (at(objectRef, 'resource') === 'namespaces') return undefined;
  if (verb !== 'create' || typeof at(responseObject, 'metadata', 'name') !== 'string') return undefined;
  if (NO_OBJECTS.has(at(responseObject, 'kind')) || typeof at(requestObject, 'metadata', 'name') !== 'string')
    return undefined;
  const { name, ...ref } = objectRef as Json;
  const { name: prefix, ...metadata } = at(requestObject, 'metadata') as Json;
  const asked = { ...(requestObject as Json), metadata: { ...metadata, generateName: `${prefix}-` } };
  return [{ ...event, objectRef: ref, requestObject: asked }];
};

/** An address that the client claims to come from (`X-Forwarded-For`); the API server puts the peer's own behind it. */
const forwarded: Disguise = (event) =>
  Array.isArray(event.sourceIPs) ? [{ ...event, sourceIPs: ['10.1.2.3', ...event.sourceIPs] }] : undefined;

/** The auditID of a harmless request just before: a client may choose it. */
const reused: Disguise = (event) => {
  if (typeof event.auditID !== 'string') return undefined;
  const objectRef = { resource: 'configmaps', namespace: 'dev', name: 'x', apiVersion: 'v1' };
  const requestURI = '/api/v1/namespaces/dev/configmaps/x';
  const { requestObject, responseObject, impersonatedUser, annotations, ...rest } = event;
  return [{ ...rest, verb: 'get', objectRef, requestURI, responseStatus: { code: 200 } }, event];
};

/** Parameters that change nothing. */
const queried: Disguise = ({ requestURI, ...event }) => {
  if (typeof requestURI !== 'string') return undefined;
  const uri = requestURI + (requestURI.includes('?') ? '&' : '?');
  return [{ ...event, requestURI: `${uri}pretty=true&timeout=30s` }];
};

const grouped: Disguise = (event) => {
  const groups = at(event.user, 'groups');
  return Array.isArray(groups)
    ? [{ ...event, user: { ...(event.user as Json), groups: ['a', ...groups, 'z'] } }]
    : undefined;
};

/** A great many other subjects of a binding, who get nothing by it that matters. */
const crowded: Disguise = (event) => {
  const crowd = Array.from({ length: 1_500 }, (_, index) => ({ kind: 'User', name: `u${index}` }));
  const bodies = ['requestObject', 'responseObject'].filter((name) =>
    Array.isArray(at(event[name], 'subjects')),
  );
  if (bodies.length === 0) return undefined;
  const more = bodies.map((name) => {
    const body = event[name] as Json;
    return [name, { ...body, subjects: [...crowd, ...(body.subjects as unknown[])] }];
  });
  return [{ ...event, ...Object.fromEntries(more) }];
};

/** Where names stand that may be any: alone in a text, in an address, and in quotes in a message. */
function renamed(names: Readonly<Record<string, string>>): Disguise {
  const word = Object.keys(names).join('|');
  const places = new RegExp(`(?<="|s/)(?:${word})(?=["/?\\\\])`, 'g');
  return (event) => {
    const text = JSON.stringify(event);
    const other = text.replaceAll(places, (name) => names[name]!);
    return other === text ? undefined : [JSON.parse(other)];
  };
}

export const DISGUISES: Readonly<Record<string, Disguise>> = {
  'another person': renamed({ alice: 'dave', bob: 'erin', mallory: 'frank', carol: 'grace' }),
  'another namespace': renamed({ dev: 'qa', shop: 'store', payments: 'billing', 'team-a': 'team-x' }),
  'another name': renamed({ web: 'front', x: 'thing', p: 'thing', api: 'backend' }),
  'applied where it was created': applied,
  'updated where it was patched': updated,
  'a JSON patch': jsonPatched,
  'a generated name': generated,
  'an address of somebody else': forwarded,
  'an auditID used before': reused,
  'a longer query': queried,
  'more groups': grouped,
  'many other subjects': crowded,
  'many labels and annotations': labelled,
  'fields managed by others': managed,
  'the stage before it too': staged,
  'a former version of the API': versioned,
};
