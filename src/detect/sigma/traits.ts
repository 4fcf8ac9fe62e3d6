import { compileExists, compilePath, type EventFields, plainEvent } from './event.ts';
import { EQUALS, type Item, type Predicate } from './item.ts';
import { plainText } from './pattern.ts';
import { fold, textOf } from './value.ts';

/** Fields of which it is cheap to say that they are absent, and with them all that is in them. */
export const OPTIONAL = [
  'gatewatch.pod',
  'gatewatch.namespace',
  'gatewatch.rbac',
  'gatewatch.exposure',
  'gatewatch.connect',
  'gatewatch.certificate',
  'gatewatch.policy',
  'gatewatch.decision',
  'gatewatch.redacted',
  'gatewatch.admission.failed_open',
  'annotations.imagepolicywebhook.image-policy.k8s.io/failed-open',
  'impersonatedUser',
] as const;

export type Optional = (typeof OPTIONAL)[number];

/** What a written pod may have and most have not, and the fields that are absent without it. */
export const POD_PARTS = {
  pod: ['gatewatch.pod', 'gatewatch.pod_security.level'],
  baseline: [
    'gatewatch.pod_security.baseline',
    'gatewatch.pod_security.added',
    'gatewatch.pod_security.injected',
  ],
  restricted: ['gatewatch.pod_security.restricted'],
  hostPath: ['gatewatch.pod.host_path'],
  command: ['gatewatch.pod.command'],
  annotations: ['gatewatch.pod.metadata.annotations'],
  shared: [
    'gatewatch.pod.spec.hostIPC',
    'gatewatch.pod.spec.hostNetwork',
    'gatewatch.pod.spec.hostPID',
    'gatewatch.pod.spec.shareProcessNamespace',
  ],
  initContainers: ['gatewatch.pod.spec.initContainers'],
  ephemeralContainers: ['gatewatch.pod.spec.ephemeralContainers'],
  securityContext: ['gatewatch.pod.spec.containers.securityContext'],
  env: ['gatewatch.pod.spec.containers.env'],
} as const;

export type PodPart = keyof typeof POD_PARTS;

/**
 * What events are told apart by before their rules are known: which fields there may be; fields that most rules begin with and that have few values worth telling
 * apart; who asked, as a whole and, for callers whom nobody remembers, by name. What leaves fewest rules comes first: then the others are seldom
 * asked for; last what bodies have to be parsed for.
 */
export const TRAITS = [
  'objectRef.resource',
  'verb',
  'present',
  'objectRef.subresource',
  'responseStatus.code',
  'objectRef.namespace',
  'gatewatch.outcome',
  'caller',
  'gatewatch.actor.kind',
  'annotations.authorization.k8s.io/decision',
  'objectRef.apiGroup',
  'stage',
  'user.username',
  'level',
  'pod',
] as const;

export type Trait = (typeof TRAITS)[number];

/** What an event would have to be decoded for. */
export const UNKNOWN: unique symbol = Symbol('unknown');

/** What an event says of one of its traits; of its caller the fields; of what is present, and of its pod, a bit for each of `OPTIONAL` or `POD_PARTS` that there may be. */
export type TraitOf = string | number | undefined | typeof UNKNOWN | EventFields;

/** Any value that no rule names: rules that ask for a value by its name do not mean it. */
const OTHER: unique symbol = Symbol('other');

const CALLER = 'caller' satisfies Trait;
const PRESENT = 'present' satisfies Trait;
const POD = 'pod' satisfies Trait;

/** Fields that come again with each event of the same client. */
const OF_CALLER = /^(?:user|impersonatedUser|sourceIPs|userAgent|gatewatch\.client)(?:\.|$)/;

/** What is judged of a pod is absent where there is none. */
const WITH_POD = /^gatewatch\.pod_security(?:\.|$)/;

/** The bit of an optional field in what an event says is present. */
export function bitOf(field: Optional): number {
  return 1 << OPTIONAL.indexOf(field);
}

const PARTS = Object.keys(POD_PARTS) as PodPart[];

/** The bit of a part in what an event says of its pod. */
export function bitOfPart(part: PodPart): number {
  return 1 << PARTS.indexOf(part);
}

/** The bits of what a field is absent without; 0 if that is nothing that the trait tells. */
function bitsOver(trait: Trait, field: string): number {
  if (trait === POD) {
    const holding = PARTS.filter((part) => POD_PARTS[part].some((outer) => isWithin(field, outer)));
    return holding.reduce((bits, part) => bits | bitOfPart(part), 0);
  }
  if (trait !== PRESENT) return 0;
  if (WITH_POD.test(field)) return bitOf('gatewatch.pod');
  const holding = OPTIONAL.find((optional) => isWithin(field, optional));
  return holding ? bitOf(holding) : 0;
}

function isWithin(field: string, outer: string): boolean {
  return field === outer || field.startsWith(`${outer}.`);
}

/** One trait of an event: a value that some rule names, another one, or none; of a caller its fields, of what is present and of a pod the bits. */
export type Value = string | number | undefined | typeof OTHER | typeof UNKNOWN | EventFields;

/** The traits by which an item may be answered, as numbers in `TRAITS`. */
export function traitsOf({ field, comparison }: Item): readonly number[] {
  // It asks for two fields.
  if (field === '' || comparison.name === 'fieldref') return [];
  return TRAITS.flatMap((trait, index) => (covers(trait, field) ? index : []));
}

function covers(trait: Trait, field: string): boolean {
  if (trait === CALLER) return OF_CALLER.test(field);
  return trait === PRESENT || trait === POD ? bitsOver(trait, field) !== 0 : isWithin(field, trait);
}

/** Reads one trait of events. */
export class TraitReader {
  readonly #trait: Trait;
  readonly #isBits: boolean;
  /** Values that rules name, by themselves and folded. */
  readonly #named = new Map<string, string>();
  readonly #values: (event: EventFields) => readonly unknown[];
  readonly #exists: (event: EventFields) => boolean;

  constructor(trait: Trait, items: Iterable<Item>) {
    this.#trait = trait;
    this.#isBits = trait === PRESENT || trait === POD;
    this.#values = compilePath(trait);
    this.#exists = compileExists(trait);
    for (const item of items)
      if (item.field === trait) for (const text of namedIn(item)) this.#named.set(text, text);
  }

  /** What the event says of the trait. @returns null for an event that has several values of it, or one that is no text: only a forged one has */
  read(event: EventFields): TraitOf | null {
    if (event.trait) return event.trait(this.#trait);
    if (this.#trait === CALLER || this.#isBits) return UNKNOWN;
    const found = this.#values(event);
    const text = textOf(found[0]);
    if (text === undefined ? this.#exists(event) : found.length > 1) return null;
    return text;
  }

  /** What rules can tell of it. */
  known(said: TraitOf): Value {
    if (typeof said === 'object' || said === UNKNOWN || this.#isBits) return said;
    const text = textOf(said);
    if (text === undefined) return undefined;
    const named = this.#named.get(text);
    if (named !== undefined) return named;
    const folded = fold(text);
    return (folded === text ? undefined : this.#named.get(folded)) ?? OTHER;
  }
}

function namedIn(item: Item): string[] {
  return item.terms.flatMap((term) => {
    if (term.kind === 'number') return String(term.value);
    if (term.kind !== 'text') return [];
    return term.alternatives.flatMap((each) => {
      const text = plainText(each);
      return text === undefined || text === '' ? [] : fold(text);
    });
  });
}

/** Comparisons that a value without its case answers as well as the value itself. */
const CASELESS = new Set(['equals', 'exists']);

/** Whether an item that the trait covers holds of all events with this value of it; undefined if that does not tell. */
export function answerOf(trait: Trait, value: Value, item: Item, test: Predicate): boolean | undefined {
  if (value === UNKNOWN) return undefined;
  if (typeof value === 'number') {
    const bits = bitsOver(trait, item.field);
    return (value & bits) === bits ? undefined : test(NOTHING);
  }
  if (value === undefined) return test(NOTHING);
  if (typeof value === 'object') return test(value);
  // Of a value that is there the fields inside are not told.
  if (item.field !== trait) return undefined;
  if (value === OTHER) return isNamed(item) ? item.negated : undefined;
  return CASELESS.has(item.comparison.name) && !item.cased ? test(eventWith(trait, value)) : undefined;
}

const NOTHING = plainEvent({});

/** True if the item asks for values by their names or for none, and for no others. */
function isNamed({ comparison, terms }: Item): boolean {
  return (
    comparison === EQUALS &&
    terms.every((term) => {
      if (term.kind !== 'text') return term.kind !== 'boolean';
      return term.alternatives.every((each) => (plainText(each) ?? '') !== '');
    })
  );
}

function eventWith(path: string, value: string): EventFields {
  const [root = '', ...inner] = path.split('.');
  return plainEvent({ [root]: inner.reduceRight<unknown>((nested, key) => ({ [key]: nested }), value) });
}
