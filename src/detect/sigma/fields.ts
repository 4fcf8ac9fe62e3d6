import { segmentsOf } from './event.ts';
import { EQUALS, type Item, type Term } from './item.ts';
import { referredFields } from './modifiers/fieldref.ts';
import { isAnything, type Pattern, plainText } from './pattern.ts';
import { near } from './suggest.ts';
import { fold } from './value.ts';

/** What a field of an audit.k8s.io/v1 Event can hold. Lists are entered by every path, so a list has the shape of its elements. */
type Shape =
  | { readonly kind: 'text'; readonly values?: readonly string[] }
  | { readonly kind: 'int32' }
  | { readonly kind: 'anything' }
  /** Keys of any name, dots included. */
  | { readonly kind: 'map' }
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, Shape>> };

const TEXT: Shape = { kind: 'text' };
const INT32: Shape = { kind: 'int32' };
const ANYTHING: Shape = { kind: 'anything' };
const TEXT_MAP: Shape = { kind: 'map' };

const oneOf = (...values: string[]): Shape => ({ kind: 'text', values });
const object = (fields: Record<string, Shape>): Shape => ({ kind: 'object', fields });

const USER = object({ username: TEXT, uid: TEXT, groups: TEXT, extra: TEXT_MAP });

const OBJECT_REF: Record<string, Shape> = {
  resource: TEXT,
  namespace: TEXT,
  name: TEXT,
  uid: TEXT,
  apiGroup: TEXT,
  apiVersion: TEXT,
  resourceVersion: TEXT,
  subresource: TEXT,
};

/** audit.k8s.io/v1 Event, and what Gatewatch adds to it: `gatewatch` and, from admission reviews, `oldObject`. */
const EVENT: Record<string, Shape> = {
  kind: TEXT,
  apiVersion: TEXT,
  metadata: ANYTHING,
  level: oneOf('None', 'Metadata', 'Request', 'RequestResponse'),
  auditID: TEXT,
  stage: oneOf('RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'),
  requestURI: TEXT,
  verb: TEXT,
  user: USER,
  impersonatedUser: USER,
  authenticationMetadata: object({ impersonationConstraint: TEXT }),
  sourceIPs: TEXT,
  userAgent: TEXT,
  objectRef: object(OBJECT_REF),
  responseStatus: object({
    kind: TEXT,
    apiVersion: TEXT,
    metadata: ANYTHING,
    status: TEXT,
    message: TEXT,
    reason: TEXT,
    details: object({
      name: TEXT,
      group: TEXT,
      kind: TEXT,
      uid: TEXT,
      causes: object({ reason: TEXT, message: TEXT, field: TEXT }),
      retryAfterSeconds: INT32,
    }),
    code: INT32,
  }),
  requestObject: ANYTHING,
  responseObject: ANYTHING,
  oldObject: ANYTHING,
  requestReceivedTimestamp: TEXT,
  stageTimestamp: TEXT,
  annotations: TEXT_MAP,
  gatewatch: ANYTHING,
};

const EVENT_SHAPE = object(EVENT);

/** Names that are not at the top of an event but that authors look for there. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['hostPath', 'requestObject.spec.volumes.hostPath'],
  ['capabilities', 'requestObject.spec.containers.securityContext.capabilities'],
  ...Object.keys(OBJECT_REF)
    .filter((name) => !Object.hasOwn(EVENT, name))
    .map((name): [string, string] => [name, `objectRef.${name}`]),
]);

interface Found {
  readonly shape?: Shape;
  readonly problem?: string;
}

/** Whether some audit event has the field. */
export function isField(path: string): boolean {
  return whyAbsent(path) === undefined;
}

/** Why no audit event has the field; `undefined` if some may have it. */
export function whyAbsent(path: string): string | undefined {
  return shapeOf(path).problem;
}

function shapeOf(path: string): Found {
  let shape: Shape = EVENT_SHAPE;
  const walked: string[] = [];
  for (const segment of segmentsOf(path)) {
    if (shape.kind === 'anything') return { shape };
    if (shape.kind === 'map') return { shape: TEXT };
    const inList = /^\d+$/.test(segment) && walked.length > 0;
    if (!inList) {
      if (shape.kind !== 'object') {
        return { problem: `"${walked.join('.')}" has no fields inside it, and "${path}" looks for one.` };
      }
      const next: Shape | undefined = Object.hasOwn(shape.fields, segment)
        ? shape.fields[segment]
        : undefined;
      if (!next) return { problem: missing(path, walked, segment, shape.fields) };
      shape = next;
    }
    walked.push(segment);
  }
  return { shape };
}

function missing(
  path: string,
  walked: readonly string[],
  segment: string,
  fields: Readonly<Record<string, Shape>>,
): string {
  const owner =
    walked.length === 0 ? 'an audit.k8s.io/v1 Event' : `"${walked.join('.')}" of an audit.k8s.io/v1 Event`;
  const close = near(segment, Object.keys(fields));
  const elsewhere = walked.length === 0 ? ELSEWHERE.get(segment) : undefined;
  const instead = elsewhere ?? (close && [...walked, close].join('.'));
  if (instead) return `"${path}" is not a field of ${owner}; perhaps "${instead}" is meant.`;
  return walked.length === 0
    ? `"${path}" is not a field of ${owner}; fields of the object are under "requestObject" and "responseObject".`
    : `"${path}" is not a field of ${owner}.`;
}

/** Why a detection item can hold of no audit event; `undefined` if it can of some. */
export function whyNever(item: Item): string | undefined {
  if (item.field === '' || item.negated) return undefined;
  if (item.comparison.name === 'exists') {
    const [term] = item.terms;
    return term?.kind === 'boolean' && term.value ? whyAbsent(item.field) : undefined;
  }
  if (item.terms.some((term) => term.kind === 'null')) return undefined;
  const { shape, problem } = shapeOf(item.field);
  if (!shape) return problem;
  const reasons = [
    ...referredFields(item).map(whyAbsent),
    ...item.terms.map((term) => whyNot(item, shape, term)),
  ];
  const impossible = reasons.filter((reason) => reason !== undefined);
  const enough = item.linking === 'and' ? impossible.length > 0 : impossible.length >= item.terms.length;
  return enough ? impossible[0] : undefined;
}

function whyNot(item: Item, shape: Shape, term: Term): string | undefined {
  const says = `"${item.field}"`;
  if (shape.kind === 'object' || shape.kind === 'map') {
    const any = item.comparison === EQUALS && term.kind === 'text' && term.alternatives.some(isAnything);
    return any ? undefined : `${says} holds fields, not a value that could be compared.`;
  }
  if (item.comparison !== EQUALS) return undefined;
  if (shape.kind === 'int32') {
    if (term.kind === 'text' && term.alternatives.some(canBeInteger)) return undefined;
    if (term.kind === 'number' && (term.value | 0) === term.value) return undefined;
    return `${says} is a whole number (int32), never ${show(term)}.`;
  }
  if (shape.kind === 'text' && shape.values && term.kind === 'text') {
    const texts = term.alternatives.map(plainText);
    const known = shape.values.map(fold);
    if (texts.every((text) => text !== undefined && !known.includes(fold(text)))) {
      return `${says} is one of ${shape.values.join(', ')}, never ${show(term)}.`;
    }
  }
  return undefined;
}

function canBeInteger(parts: Pattern): boolean {
  const plain = plainText(parts);
  if (plain !== undefined) return /^-?\d+$/.test(plain);
  return parts.every((part) => typeof part !== 'string' || /^-?\d+$/.test(part));
}

function show(term: Term): string {
  if (term.kind === 'text') return `"${term.source}"`;
  return term.kind === 'null' ? 'null' : String(term.value);
}
