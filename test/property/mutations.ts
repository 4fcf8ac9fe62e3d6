import fc from 'fast-check';
import { placesOf, WRONG } from '../unit/detect/support.ts';

/** Stand for what JSON can say and a value cannot: a number as it is written, a key that is there already. They are taken out of the text in the end. */
const [NUMBER, AGAIN] = ['\u0001', '\u0002'];

/** Numbers that are one in JSON only, or not the same in JavaScript. */
const RAW_NUMBERS = ['1e400', '-1e400', '1e-400', '-0', '9007199254740993', '0.1000000000000000055', '1E2'];

/** Texts that have misled readers of JSON, or of what stands in it. */
const TEXTS = [
  '","verb":"get","objectRef":{"resource":"leases"},"responseStatus":{"code":200}',
  '},"annotations":{},"verb":"get',
  ',"requestObject":',
  '\\',
  '\\"',
  '\u0000\u001b\u202e',
  '\ud800',
  '\udfff"',
  'ü',
  '\ud83d\ude00',
  'a}b',
  'a]b',
  'x'.repeat(20_000),
];

const KEYS = [
  ...['__proto__', 'constructor', 'toString', 'length', '', '0', '\ud800', 'a"b', 'k'.repeat(20_000)],
  ...['verb', 'user', 'username', 'objectRef', 'requestObject', 'responseObject', 'annotations', 'sourceIPs'],
  ...['impersonatedUser', 'responseStatus', 'stageTimestamp', 'metadata', 'spec', 'kind', 'code'],
];

const DEPTH = 150;
const DEEP = [
  JSON.parse(`${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`),
  JSON.parse(`${'{"spec":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`),
];

const wrong = fc.constantFrom<unknown>(...WRONG, ...TEXTS, ...DEEP);

type Event = Record<string, unknown>;
type Mutation = (event: Event) => void;

/** Does something to one place of an event; most are deep in its bodies, so now and then it is one of the event's own. */
function atPlace(change: (parent: Event, key: string) => void): fc.Arbitrary<Mutation> {
  return fc.tuple(fc.nat(3), fc.nat()).map(([own, which]) => (event) => {
    const places = own === 0 ? Object.keys(event).map((key) => [event, key] as const) : [...placesOf(event)];
    const [parent, key] = places[which % places.length] ?? [];
    if (parent) change(parent, key!);
  });
}

function put(parent: Event, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Changes to what an event says. */
const said: fc.Arbitrary<Mutation> = fc.oneof(
  wrong.chain((value) => atPlace((parent, key) => put(parent, key, structuredClone(value)))),
  atPlace((parent, key) => delete parent[key]),
  fc
    .tuple(fc.constantFrom(...KEYS), wrong)
    .chain(([added, value]) =>
      atPlace((parent) => Array.isArray(parent) || put(parent, added, structuredClone(value))),
    ),
  // What an event says twice in the same words of two places, one in another's.
  fc.nat().chain((which) =>
    atPlace((parent, key) => {
      const values = Object.values(parent);
      put(parent, key, structuredClone(values[which % values.length]));
    }),
  ),
);

/** A field that stands twice, with two values. */
const doubled: fc.Arbitrary<Mutation> = wrong.chain((value) =>
  atPlace((parent, key) => Array.isArray(parent) || put(parent, key + AGAIN, structuredClone(value))),
);

const number: fc.Arbitrary<Mutation> = fc
  .constantFrom(...RAW_NUMBERS)
  .chain((raw) => atPlace((parent, key) => put(parent, key, NUMBER + raw)));

/** Fields of the event itself in another order. */
const reordered: fc.Arbitrary<Mutation> = fc.nat().map((by) => (event) => {
  const entries = Object.entries(event);
  for (const key of Object.keys(event)) delete event[key];
  for (const [index] of entries.entries()) put(event, ...entries[(index * 7 + by) % entries.length]!);
});

function textOf(line: string, mutations: readonly Mutation[]): string {
  const event = JSON.parse(line);
  for (const mutate of mutations) mutate(event);
  return JSON.stringify(event)
    .replaceAll(/"\\u0001([^"]*)"/g, '$1')
    .replaceAll('\\u0002":', '":');
}

const mutations = fc.array(fc.oneof({ weight: 4, arbitrary: said }, doubled), { minLength: 1, maxLength: 2 });

/** Events that say something else than was recorded, laid out as the API server does, but for doubled fields. */
export function mutatedTexts(lines: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...lines), mutations).map(([line, changes]) => textOf(line, changes));
}

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  cut: fc.nat(8),
  put: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom(...['"', '\\', '{', '}', '[', ']', ',', ':', '\\u0000', '\n', 'null']).map(Buffer.from),
  ),
});

/** Few of them leave JSON behind. */
const edits = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  fc.array(edit, { minLength: 1, maxLength: 3 }),
);

/** Events with anything done to them, down to their bytes. */
export function mutatedBytes(lines: readonly string[]): fc.Arbitrary<Buffer> {
  const changes = fc.array(fc.oneof({ weight: 3, arbitrary: said }, doubled, number, reordered), {
    maxLength: 4,
  });
  return fc.tuple(fc.constantFrom(...lines), changes, edits).map(([line, some, cuts]) =>
    cuts.reduce(
      (whole, { at, cut, put }) => {
        const from = Math.floor(at * whole.length);
        return Buffer.concat([whole.subarray(0, from), put, whole.subarray(from + cut)]);
      },
      Buffer.from(textOf(line, some)),
    ),
  );
}
