import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { applyPatch } from '../../src/detect/patch/apply.ts';
import { placesOf, WRONG } from '../unit/detect/support.ts';
import { growth } from './growth.ts';
import { RUNS } from './runs.ts';

type Json = Record<string, unknown>;

const KEYS = ['a', 'b', 'c', '', '0', '-', 'x/y', '~1', 'constructor'];

const scalar = fc.constantFrom<unknown>(null, true, 0, 1, '', 'x', 'y');

/** Small documents, in which the same names come again and again. */
const { value, object } = fc.letrec<{ value: unknown; object: Json }>((tie) => ({
  object: fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

suite('a merge patch', () => {
  /** RFC 7396, section 2, as it stands there. */
  function mergePatch(target: unknown, patch: unknown): unknown {
    if (!isObject(patch)) return patch;
    const result: Json = isObject(target) ? { ...target } : {};
    for (const [name, member] of Object.entries(patch)) {
      if (member === null) delete result[name];
      else result[name] = mergePatch(result[name], member);
    }
    return result;
  }

  test('makes of an object what RFC 7396 says', () => {
    fc.assert(
      fc.property(value, object, (before, patch) => {
        assert.deepEqual(applyPatch(before, patch), mergePatch(before, patch));
      }),
      { numRuns: RUNS },
    );
  });

  test('merges the elements of a list that have a name, and keeps their order', () => {
    const element = fc.record(
      {
        name: fc.constantFrom('a', 'b', 'c'),
        image: fc.constantFrom('x', 'y'),
        $patch: fc.constantFrom('merge', 'delete'),
      },
      { requiredKeys: ['name'] },
    );
    const elements = fc.uniqueArray(element, { maxLength: 3, selector: ({ name }) => name });
    const known = elements.map((list) => list.map(({ $patch, ...fields }) => fields));
    fc.assert(
      fc.property(known, elements, (before, patch) => {
        const isNamed = (name: string) => (one: { name: string }) => one.name === name;
        const kept = before.filter(({ name }) => patch.find(isNamed(name))?.$patch !== 'delete');
        const added = patch.filter(({ name, $patch }) => $patch !== 'delete' && !before.some(isNamed(name)));
        const expected = [...kept.map((one) => ({ ...one, ...patch.find(isNamed(one.name)) })), ...added].map(
          ({ $patch, ...fields }: { $patch?: string }) => fields,
        );
        const after = applyPatch({ containers: before }, { containers: patch }) as { containers: Json[] };
        assert.deepEqual(
          after.containers.map(({ $patch, ...fields }) => fields),
          expected,
        );
      }),
      { numRuns: RUNS },
    );
  });
});

/** Operations that can be carried out, one after the other, and what they make of the document, worked out on their own. */
class Operations {
  readonly made: object[] = [];
  document: unknown;

  constructor(document: Json) {
    this.document = structuredClone(document);
  }

  /** @param at which of the document's places is the target, @param from which the source */
  add(kind: string, at: number, from: number, written: unknown): void {
    const [targets, sources] = [this.#pointers(kind === 'add' || kind === 'copy'), this.#pointers(false)];
    const path = targets[at % targets.length];
    const source = sources[from % sources.length];
    if (path === undefined) return;
    if (kind === 'remove') this.#make({ op: kind, path }, () => this.#remove(path));
    if (kind === 'add') this.#make({ op: kind, path, value: written }, () => this.#insert(path, written));
    if (kind === 'replace') this.#make({ op: kind, path, value: written }, () => this.#set(path, written));
    if (source === undefined) return;
    if (kind === 'copy') {
      const copied = this.#at(source);
      this.#make({ op: kind, from: source, path }, () => this.#insert(path, copied));
    }
    // Where a move ends is a place of what is left once its source is taken away.
    if (kind === 'move') {
      const moved = this.#remove(source);
      const ends = this.#pointers(true);
      const end = ends[at % ends.length]!;
      this.#make({ op: kind, from: source, path: end }, () => this.#insert(end, moved));
    }
  }

  #make(operation: object, carryOut: () => void): void {
    this.made.push(structuredClone(operation));
    carryOut();
  }

  /** Of everything in the document; with `new` also of what may be put there. */
  #pointers(withNew: boolean, node: unknown = this.document, pointer = ''): string[] {
    const below = Object.entries(node ?? {}).flatMap(([key, child]) => {
      const own = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      return [own, ...(isContainer(child) ? this.#pointers(withNew, child, own) : [])];
    });
    if (!withNew) return below;
    return [...below, ...(Array.isArray(node) ? [`${pointer}/-`] : [`${pointer}/new`])];
  }

  #parent(pointer: string): [parent: Json | unknown[], key: string] {
    const keys = pointer
      .slice(1)
      .split('/')
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop()!;
    return [keys.reduce((node, key) => (node as Json)[key], this.document) as Json, last];
  }

  #at(pointer: string): unknown {
    const [parent, key] = this.#parent(pointer);
    return (parent as Json)[key];
  }

  #set(pointer: string, to: unknown): void {
    const [parent, key] = this.#parent(pointer);
    (parent as Json)[key] = structuredClone(to);
  }

  #insert(pointer: string, inserted: unknown): void {
    const [parent, key] = this.#parent(pointer);
    if (!Array.isArray(parent)) this.#set(pointer, inserted);
    else parent.splice(key === '-' ? parent.length : Number(key), 0, structuredClone(inserted));
  }

  #remove(pointer: string): unknown {
    const [parent, key] = this.#parent(pointer);
    const removed = (parent as Json)[key];
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
    return removed;
  }
}

suite('a JSON patch', () => {
  test('makes of an object what its operations say (RFC 6902)', () => {
    const kind = fc.constantFrom('add', 'remove', 'replace', 'copy', 'move');
    const step = fc.tuple(kind, fc.nat(), fc.nat(), value);
    fc.assert(
      fc.property(object, fc.array(step, { maxLength: 5 }), (before, steps) => {
        const operations = new Operations(before);
        for (const one of steps) operations.add(...one);
        assert.deepEqual(applyPatch(before, operations.made), operations.document);
      }),
      { numRuns: RUNS },
    );
  });
});

suite('any patch of anything', () => {
  const hostile = fc.oneof(value, fc.constantFrom(...WRONG), fc.jsonValue({ maxDepth: 3 }));
  const pointer = fc.oneof(
    fc.constantFrom(
      ...['', '/', '/-', '/__proto__', '/__proto__/polluted', '/constructor/prototype/polluted'],
    ),
    fc
      .array(fc.constantFrom(...KEYS, '__proto__', '-1', '64', '65', '999', '1e3'), { maxLength: 40 })
      .map((keys) => keys.map((key) => `/${key}`).join('')),
    hostile,
  );
  const operation = fc.record({
    op: fc.oneof(fc.constantFrom('add', 'remove', 'replace', 'copy', 'move', 'test'), hostile),
    path: pointer,
    from: pointer,
    value: hostile,
  });
  const patch = fc.oneof(
    fc.array(fc.oneof({ weight: 9, arbitrary: operation }, hostile), { maxLength: 12 }),
    fc.dictionary(
      fc.constantFrom(
        ...[...KEYS, '$patch', '$retainKeys', '$deleteFromPrimitiveList/a', '$setElementOrder/a'],
        ...['containers', 'volumes', 'ports', 'name', '__proto__'],
      ),
      hostile,
      { maxKeys: 5, noNullPrototype: true },
    ),
    hostile,
  );

  const PROTOTYPES: ReadonlySet<unknown> = new Set([Object.prototype, Array.prototype]);

  test('gives a document, leaves both as they were, and touches nothing else', () => {
    fc.assert(
      fc.property(hostile, patch, (before, one) => {
        const texts = [JSON.stringify(before), JSON.stringify(one)];
        const after = applyPatch(before, one);
        assert.doesNotThrow(() => JSON.stringify(after));
        for (const [parent, key] of placesOf({ after }))
          if (isContainer(parent[key])) assert.ok(PROTOTYPES.has(Object.getPrototypeOf(parent[key])), key);
        assert.deepEqual([JSON.stringify(before), JSON.stringify(one)], texts);
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
      { numRuns: RUNS },
    );
  });

  const many = (count: number, one: (index: number) => unknown) =>
    Array.from({ length: count }, (_, i) => one(i));
  const large = (count: number) => ({ op: 'add', path: '/a', value: many(count, () => ({})) });

  /** What an attacker would have us do with a patch, by its number of operations or elements. */
  const attacks: Record<string, (count: number) => unknown> = {
    'copies of a copy': (count) =>
      many(count, (index) => ({ op: 'copy', from: '/metadata', path: `/metadata/a/${index}` })),
    'copies of a list into itself': (count) =>
      many(count, () => ({ op: 'copy', from: '/list', path: '/list/-' })),
    'copies of the whole': (count) =>
      many(count, (index) => ({ op: 'copy', from: '', path: `/c${index % 3}` })),
    'moves of something large': (count) => [
      large(100_000),
      ...many(count, (index) =>
        index % 2 ? { op: 'move', from: '/b', path: '/a' } : { op: 'move', from: '/a', path: '/b' },
      ),
    ],
    'moves into the depth': (count) =>
      many(count, (index) =>
        index % 2
          ? { op: 'move', from: '/b', path: '/a/x/x/x/x' }
          : { op: 'move', from: '/a', path: '/b/x/x/x/x' },
      ),
    'elements put before others': (count) => many(count, () => ({ op: 'add', path: '/list/0', value: {} })),
    'elements with names': (count) => ({ containers: many(count * 10, (index) => ({ name: `c${index}` })) }),
    'elements with one name': (count) => ({ containers: many(count * 10, () => ({ name: 'c' })) }),
    'directives of one list': (count) => ({
      x: many(count * 10, () => 1),
      ...Object.fromEntries(
        many(count, () => 1).map((_, index) => [`$${index}$deleteFromPrimitiveList/x`, []]),
      ),
    }),
    'elements that are deleted': (count) => ({
      containers: many(count * 10, (index) => ({
        name: `c${index >> 1}`,
        ...(index % 2 && { $patch: 'delete' }),
      })),
    }),
  };
  for (const [name, attack] of Object.entries(attacks)) {
    test(`${name} take time in proportion`, () => {
      const before = { metadata: { a: {} }, list: [{}], a: {}, containers: [] };
      growth((count) => {
        const patch = attack(count);
        return () => JSON.stringify(applyPatch(before, patch));
      });
    });
  }
});

function isContainer(node: unknown): node is object {
  return typeof node === 'object' && node !== null;
}

function isObject(node: unknown): node is Json {
  return isContainer(node) && !Array.isArray(node);
}
