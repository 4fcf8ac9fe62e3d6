/**
 * Cuts credentials out of a record before it is stored: the `data` and `stringData` of Secrets (also inside patches, lists,
 * last-applied annotations and what a mutating webhook patched into them) and the tokens of TokenRequests and TokenReviews.
 * An audit policy ought not to record these; many do.
 */

/** What stands in the place of a credential. */
const REDACTED = '[redacted]';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

type Json = unknown;
type JsonObject = Record<string, Json>;

/** What the request itself is about; a patch of a Secret does not say `kind: Secret`. */
export interface Subject {
  readonly resource?: unknown;
  readonly subresource?: unknown;
}

type Context = 'secret' | 'token' | 'none';

function contextOf(subject: Subject): Context {
  if (subject.resource === 'secrets') return 'secret';
  if (subject.resource === 'tokenreviews') return 'token';
  if (subject.resource === 'serviceaccounts' && subject.subresource === 'token') return 'token';
  return 'none';
}

/** True if objects of the resource, or the answers of its subresource, carry credentials. */
export function carriesCredentials(subject: Subject): boolean {
  return contextOf(subject) !== 'none';
}

/** Begins the kinds that carry credentials, `Secret` and `SecretList`; a capital letter first, because that is quick to look for. */
const MARK = Buffer.from('Secret');

/** Where a body names a kind that carries credentials. Looked for once a body: most events of a batch name none. */
export class CredentialMarks {
  readonly #positions: number[] = [];

  constructor(body: Buffer) {
    for (let at = body.indexOf(MARK); at >= 0; at = body.indexOf(MARK, at + 1)) this.#positions.push(at);
  }

  /** True if the request is about something that carries credentials, or its bytes, from `start` to `end` of the body, name such a kind. */
  suspects(subject: Subject, start: number, end: number): boolean {
    // Without an objectRef only a close look tells; the API server always writes one for a resource.
    if (subject.resource === undefined || carriesCredentials(subject)) return true;
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#positions[middle]! < start) low = middle + 1;
      else high = middle;
    }
    return low < this.#positions.length && this.#positions[low]! < end;
  }
}

/** Names that only stand in items which may hold a credential, and names of what may hold it, also where all of it is a text in another item. */
const SUSPICIOUS = /"(?:Secret|Token|(?:secrets|tokenreviews|token)\\*")|\.(?:secrets|tokenreviews|token)\./;
const HOLDER =
  /"(?:requestObject|responseObject|(?:protoPayload|object|oldObject|annotations|data|stringData|token)\\*")|kubectl\.kubernetes\.io\/last-applied-configuration/i;

/**
 * What may be kept of bytes that cannot be redacted, because they are not JSON or nested too deep: if they name a kind that carries
 * credentials, only what stands before the first place for one.
 * @param holders further names of what may hold it
 */
export function withoutBodies(bytes: Buffer, holders: readonly RegExp[] = []): Buffer {
  const text = bytes.toString('latin1');
  const places = SUSPICIOUS.test(text) ? [HOLDER, ...holders].map((each) => text.search(each)) : [];
  const holder = Math.min(...places.filter((place) => place >= 0), Number.POSITIVE_INFINITY);
  return bytes.subarray(0, holder);
}

/**
 * Replaces credentials in a parsed event or review, in place.
 * @param roots the values that may hold objects, by the path that names them
 * @returns the paths replaced, at most `PATHS_MAX`
 */
export function redact(roots: Readonly<Record<string, Json>>, subject: Subject): string[] {
  const paths: string[] = [];
  const context = contextOf(subject);
  for (const [path, value] of Object.entries(roots)) walk(value, context, path, paths);
  return paths;
}

const PATHS_MAX = 20;
const PATH_CHARS_MAX = 200;

/** Notes where something was replaced. A path is made of the sender's keys: it is kept short and without spaces, which separate paths. */
function note(paths: string[], path: string): void {
  const short = path.slice(0, PATH_CHARS_MAX).replace(/[^!-~]/g, '?');
  if (paths.length < PATHS_MAX && !paths.includes(short)) paths.push(short);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function walk(value: Json, inherited: Context, path: string, paths: string[]): void {
  if (Array.isArray(value)) {
    for (const element of value) {
      if (isObject(element) && ('op' in element || 'path' in element))
        redactOperation(element, inherited, path, paths);
      else walk(element, inherited, path, paths);
    }
    return;
  }
  if (!isObject(value)) return;
  const context = contextOfKind(value.kind) ?? inherited;
  for (const key of Object.keys(value)) {
    const member = value[key];
    const here = `${path}.${key}`;
    if (context === 'secret' && (key === 'data' || key === 'stringData')) {
      const replaced = emptied(member);
      if (replaced === undefined) continue;
      value[key] = replaced;
      note(paths, here);
    } else if (key === LAST_APPLIED && (context === 'secret' || namesSecret(member))) {
      value[key] = REDACTED;
      note(paths, here);
    } else if (context === 'token' && key === 'token' && member !== null && member !== '') {
      value[key] = REDACTED;
      note(paths, here);
    } else {
      walk(member, context, here, paths);
    }
  }
}

function contextOfKind(kind: Json): Context | undefined {
  if (kind === 'Secret' || kind === 'SecretList') return 'secret';
  if (kind === 'TokenRequest' || kind === 'TokenReview') return 'token';
  return undefined;
}

function namesSecret(member: Json): boolean {
  return typeof member === 'string' && /"kind"\s*:\s*"Secret"/.test(member);
}

/** A JSON patch operation on a Secret: any value may hold data (`/data/x`, `/data`, or the whole object at ``). */
function redactOperation(operation: JsonObject, context: Context, path: string, paths: string[]): void {
  if (context === 'none' || !('value' in operation)) {
    walk(operation.value, context, path, paths);
    return;
  }
  const target = typeof operation.path === 'string' ? operation.path : '';
  if (/^\/(metadata\/labels|type|immutable)(\/|$)/.test(target)) return;
  operation.value = REDACTED;
  note(paths, `${path}[${target}]`);
}

/** Keeps the names of a Secret's entries, which an analyst needs, and drops their values. Undefined if there is nothing to drop. */
function emptied(data: Json): Json {
  if (!isObject(data)) return data === null ? undefined : REDACTED;
  const names = Object.keys(data);
  if (names.every((key) => data[key] === null)) return undefined;
  return Object.fromEntries(names.map((key) => [key, data[key] === null ? null : REDACTED]));
}

/** `patch.webhook.admission.k8s.io/…` annotations hold what a mutating webhook wrote into the object, as text. */
export function redactPatches(annotations: unknown, paths: string[]): void {
  if (typeof annotations !== 'object' || annotations === null) return;
  const values = annotations as Record<string, unknown>;
  for (const key of Object.keys(values)) {
    if (!key.startsWith('patch.webhook.admission.k8s.io/')) continue;
    values[key] = REDACTED;
    note(paths, 'annotations.patch');
  }
}
