import { GatewatchError } from '../../errors.ts';
import { kubernetesMethod } from '../../record/log-entry.ts';
import type { ReceivedRecord } from '../../record/record.ts';
import { parseEventTime, SECOND } from '../../record/time.ts';
import { AuditEvent } from './audit-event.ts';
import { at, type JsonObject, listOf, member, objectOf, parseJson, stringOf } from './json.ts';
import { objectRefIn } from './object-ref.ts';
import type { Request } from './request.ts';

/** What these entries leave out of an audit event: groups, the stage, and the query, which says whether it is a dry run. */
const UNTOLD = ['groups-not-recorded', 'stage-not-recorded', 'query-not-recorded'];

const DECISION = 'authorization.k8s.io/decision';

/**
 * Decodes an entry of Google Cloud's audit logs (google.cloud.audit.AuditLog) of a cluster into the shape of an audit event.
 * @throws ITEM_NOT_JSON, ITEM_NOT_AN_EVENT
 */
export function decodeLogEntry(record: ReceivedRecord, timeMax: number): Request {
  const entry = parseJson(record.bytes.toString());
  const payload = objectOf(member(entry, 'protoPayload')) ?? {};
  const authorization = listOf(payload.authorizationInfo)[0] ?? listOf(member(entry, 'authorizationInfo'))[0];
  const request = requestOf(payload, authorization);
  const granted = member(authorization, 'granted');
  const requestObject = bodyOf(payload.request);
  const responseObject = bodyOf(payload.response);
  const success = isApplied(request, entry, requestObject, responseObject) ? 201 : successOf(request);
  const fields = {
    ...request,
    auditID: at(entry, 'operation', 'id') ?? member(entry, 'insertId'),
    ...usersOf(payload.authenticationInfo),
    sourceIPs: [at(payload, 'requestMetadata', 'callerIp') ?? at(payload, 'requestMetadata', 'callerIP')],
    userAgent: at(payload, 'requestMetadata', 'callerSuppliedUserAgent'),
    responseStatus: statusOf(payload.status, responseObject, granted, success),
    requestObject,
    responseObject,
    requestReceivedTimestamp: member(entry, 'timestamp'),
    annotations: {
      ...(typeof granted === 'boolean' && { [DECISION]: granted ? 'allow' : 'forbid' }),
      ...objectOf(member(entry, 'labels')),
    },
  };
  return new AuditEvent(record, timeMax, { fields, untold: UNTOLD });
}

interface Asked {
  readonly verb: string;
  readonly requestURI?: string;
  readonly objectRef?: JsonObject;
}

/** Verbs of requests for a path (k8s.io/apiserver/pkg/endpoints/request, requestinfo.go). */
const PATH_VERBS: ReadonlySet<string> = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options']);

/** What was asked for: verb and resource as the method says, the object as the name of the resource does. */
function requestOf(payload: JsonObject, authorization: unknown): Asked {
  const methodName = stringOf(payload.methodName) ?? '';
  const name = stringOf(payload.resourceName) ?? stringOf(member(authorization, 'resource'));
  const method = kubernetesMethod(methodName);
  if (!method) {
    const word = /^io\.k8s\.(\w+)$/.exec(methodName)?.[1];
    if (word === undefined) {
      const where = 'protoPayload.methodName';
      throw new GatewatchError('ITEM_NOT_AN_EVENT', 'It is no request to a cluster.', { where });
    }
    // A path that is no resource: method `io.k8s.get` and name `readyz`, in old entries method `io.k8s.readyz` alone.
    const isVerb = PATH_VERBS.has(word);
    const path = name ?? (isVerb ? undefined : word);
    return { verb: isVerb ? word : 'get', ...(path && { requestURI: `/${path.replace(/^\//, '')}` }) };
  }
  const { version, resource, subresource, verb } = method;
  const objectRef = { resource, ...(subresource && { subresource }), apiVersion: version };
  if (!name) return { verb, objectRef };
  // The name begins with group and version: `core/v1/namespaces/dev/pods/web`.
  const path = name.startsWith('core/') ? `/api/${name.slice('core/'.length)}` : `/apis/${name}`;
  const told = objectRefIn(path);
  // Who creates an object does not name it in the address.
  const isNamed = verb === 'create' && !subresource && told?.name !== undefined;
  const requestURI = isNamed ? path.replace(/\/[^/]+\/*$/, '') : path;
  return { verb, requestURI, objectRef: { ...objectRef, ...told } };
}

/** The caller; where somebody else's authority was asked for, whose. */
function usersOf(authentication: unknown): JsonObject {
  // Of a federated identity there is no address.
  const [email, subject] = ['principalEmail', 'principalSubject'].map((name) =>
    stringOf(member(authentication, name)),
  );
  const caller = email ?? subject;
  const authority = stringOf(member(authentication, 'authoritySelector'));
  const username = caller ?? authority;
  return {
    ...(username && { user: { username } }),
    ...(caller && authority && authority !== caller && { impersonatedUser: { username: authority } }),
  };
}

/** An object, which has its kind at the end of a type (`core.k8s.io/v1.Pod`) where it has none of its own. Some exports make a text of it. */
function bodyOf(value: unknown): unknown {
  const body = typeof value === 'string' ? parseJson(value) : value;
  const object = objectOf(body);
  if (!object) return body;
  const { '@type': type, ...fields } = object;
  const kind = /\.(\w+)$/.exec(stringOf(type) ?? '')?.[1];
  return { ...(kind && { kind }), ...fields };
}

/** HTTP status of each code of gRPC (google.rpc.Code). */
const HTTP_STATUS = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** The answer's status: of a failure as the response tells it, else by the entry's own code, which is none for a success. */
function statusOf(status: unknown, response: unknown, granted: unknown, success: number): JsonObject {
  const failure = member(response, 'status') === 'Failure' ? objectOf(response) : undefined;
  const refused = granted === false ? 403 : undefined;
  const code = member(status, 'code');
  const known = typeof code === 'number' && code !== 0 ? (HTTP_STATUS[code] ?? 500) : (refused ?? success);
  return { message: member(status, 'message'), code: known, ...failure };
}

/** What the API server answers to a request that succeeds. */
function successOf({ verb, objectRef }: Asked): number {
  const connects = ['exec', 'attach', 'portforward'].includes(String(objectRef?.subresource));
  if (connects) return 101;
  return verb === 'create' ? 201 : 200;
}

/**
 * Whether an object was applied on the server where it was not there: the patch names a kind, as a whole object does, and what is answered is
 * not older than the request. Times of objects have no fractions.
 */
function isApplied({ verb, objectRef }: Asked, entry: unknown, patch: unknown, response: unknown): boolean {
  if (verb !== 'patch' || objectRef?.subresource || member(patch, 'kind') === undefined) return false;
  const asked = parseEventTime(member(entry, 'timestamp'));
  const created = parseEventTime(at(response, 'metadata', 'creationTimestamp'));
  return asked !== undefined && created !== undefined && created > asked - SECOND;
}
