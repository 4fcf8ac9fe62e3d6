import { parseExactly } from '../exact-json.ts';
import { type JsonObject, objectOf } from '../json.ts';
import type { JsonMembers } from '../members.ts';

/**
 * The entry of Google Cloud's audit logs that a document of Elastic's integration for Google Cloud was made of, whose pipeline moves its
 * parts to the fields of ECS.
 * @returns undefined if it is no such document
 * @throws SyntaxError, RangeError
 */
export function googleEntryIn(members: JsonMembers): JsonObject | undefined {
  const part = (name: string): JsonObject => {
    const bytes = members.bytes(name);
    return bytes ? objectOf(parseExactly(bytes.toString())) : {};
  };
  const told = objectOf(part('gcp').audit);
  if (Object.keys(told).length === 0) return undefined;
  const event = part('event');
  const operation = objectOf(told.logentry_operation);
  return {
    insertId: event.id,
    timestamp: members.text('@timestamp'),
    logName: part('log').logger,
    // Left out where it is that of the entry.
    operation: operation.id === undefined ? undefined : operation,
    labels: told.labels,
    protoPayload: {
      serviceName: part('service').name,
      methodName: event.action,
      resourceName: told.resource_name,
      authenticationInfo: callerOf(objectOf(part('client').user), objectOf(told.authentication_info)),
      authorizationInfo: told.authorization_info,
      requestMetadata: {
        callerIp: part('source').ip,
        callerSuppliedUserAgent: part('user_agent').original,
      },
      request: told.request,
      response: told.response && withStatus(objectOf(told.response)),
      status: told.status,
    },
  };
}

function callerOf(user: JsonObject, authentication: JsonObject): JsonObject {
  return {
    principalEmail: user.email,
    principalSubject: user.id,
    authoritySelector: authentication.authority_selector,
  };
}

/** A status that is a text has another name there, because other answers have an object in its place. */
function withStatus({ status_value, ...response }: JsonObject): JsonObject {
  return status_value === undefined ? response : { ...response, status: status_value };
}
