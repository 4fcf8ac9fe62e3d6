import { errors } from '@elastic/elasticsearch';
import { type ErrorCode, GatewatchError } from '../../errors.ts';

/** Longest reason of Elasticsearch that is passed on, in characters; a reason may quote a document. */
const REASON_CHARS_MAX = 500;

/** What Elasticsearch says of a failure: of a whole request, of one document of a bulk request, or of one of a multi-get. */
export interface Failure {
  readonly type?: string | undefined;
  readonly reason?: string | null | undefined;
  readonly caused_by?: Failure | undefined;
}

/** The error for whatever a call of the client rejects with; one of ours stays as it is. */
export function storeError(error: unknown): GatewatchError {
  if (error instanceof GatewatchError) return error;
  if (error instanceof errors.ResponseError) {
    const { statusCode = 0, headers } = error;
    const failure = failureOf(error);
    const known = failureCode(statusCode, failure);
    // Elasticsearch names itself in every answer; this one comes from something else, or from a version before 7.14.
    const code = known === 'INTERNAL' && !headers?.['x-elastic-product'] ? 'STORE_UNSUPPORTED' : known;
    return new GatewatchError(code, `Elasticsearch answered ${statusCode}: ${reasonOf(failure)}`, {
      cause: error,
    });
  }
  if (error instanceof errors.ProductNotSupportedError) {
    return new GatewatchError('STORE_UNSUPPORTED', 'The server does not say that it is Elasticsearch.', {
      cause: error,
    });
  }
  if (error instanceof errors.ElasticsearchClientError) {
    return new GatewatchError('STORE_UNAVAILABLE', `Elasticsearch cannot be reached: ${error.message}.`, {
      cause: error,
    });
  }
  return new GatewatchError('INTERNAL', `The alert store failed: ${(error as Error).message}`, {
    cause: error,
  });
}

/** True for an answer with this HTTP status. */
export function hasStatus(error: unknown, status: number): error is errors.ResponseError {
  return error instanceof errors.ResponseError && error.statusCode === status;
}

/** True for the answer that there is no index, or alias, of the name asked for. */
export function isIndexMissing(error: unknown): boolean {
  return hasStatus(error, 404) && failureOf(error).type === 'index_not_found_exception';
}

/** What is wrong when Elasticsearch answers with this status, for a request or for a part of it. */
export function failureCode(status: number, { type }: Failure): ErrorCode {
  switch (type) {
    // Also raised, with 503, while a cluster has no master.
    case 'cluster_block_exception':
      return status === 503 ? 'STORE_UNAVAILABLE' : 'STORE_READ_ONLY';
    case 'index_closed_exception':
      return 'STORE_READ_ONLY';
    // Versions before 8 do not know the media type that the client names.
    case 'media_type_header_exception':
      return 'STORE_UNSUPPORTED';
    // Indices are not made by writing to them if `action.auto_create_index` is off.
    case 'index_not_found_exception':
      return 'STORE_NOT_ALLOWED';
  }
  if (status === 401) return 'STORE_AUTHENTICATION_FAILED';
  if (status === 403) return 'STORE_NOT_ALLOWED';
  // 410: Elastic's serverless offering does not have the endpoint.
  if (status === 406 || status === 410) return 'STORE_UNSUPPORTED';
  return status === 408 || status === 429 || status >= 500 ? 'STORE_UNAVAILABLE' : 'INTERNAL';
}

/** The reason with its causes, from the outermost in. */
export function reasonOf(failure: Failure): string {
  const reasons: string[] = [];
  for (let at: Failure | undefined = failure; at !== undefined; at = at.caused_by) {
    const reason = at.reason ?? at.type;
    if (reason && !reasons.includes(reason)) reasons.push(reason);
  }
  return `${reasons.join(': ').slice(0, REASON_CHARS_MAX).toWellFormed() || 'no reason given'}.`.replace(
    /\.\.$/,
    '.',
  );
}

/** What an answer says is wrong. Those of proxies, and of old versions, have no structured error. */
export function failureOf({ body }: errors.ResponseError): Failure {
  const error = (body as { error?: Failure | string } | undefined)?.error;
  if (typeof error === 'object' && error !== null) return error;
  return { reason: typeof error === 'string' ? error : typeof body === 'string' ? body : undefined };
}
