import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonScanner, NotJson } from '../../../src/receive/scan.ts';

const DEPTH_MAX = 100;

/** JSON text with white space wherever it may stand, and some characters of strings written as escapes. */
const written = fc
  .tuple(fc.jsonValue({ maxDepth: 4 }), fc.infiniteStream(fc.constantFrom('', '', ' ', '\n\t', '\r\n ')))
  .map(([value, spaces]) => write(value, () => spaces.next().value as string));

function write(value: unknown, space: () => string): string {
  if (Array.isArray(value)) {
    return `[${space()}${value.map((one) => `${space()}${write(one, space)}${space()}`).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, one]) => `${space()}${escaped(key)}${space()}:${space()}${write(one, space)}${space()}`,
    );
    return `{${space()}${members.join(',')}}`;
  }
  return typeof value === 'string' ? escaped(value) : JSON.stringify(value);
}

/** Every third character as `\uXXXX`. */
function escaped(text: string): string {
  const parts = [
    ...JSON.stringify(text)
      .slice(1, -1)
      .matchAll(/\\u....|\\.|[\s\S]/g),
  ].map(([part]) => part);
  return `"${parts.map((part, index) => (index % 3 === 2 && /^[ -~]$/.test(part) ? `\\u00${part.charCodeAt(0).toString(16).padStart(2, '0')}` : part)).join('')}"`;
}

/** What the scanner makes of the value at `from`: its text, found again part by part. */
function rebuilt(scanner: JsonScanner, bytes: Buffer, from: number): { value: unknown; end: number } {
  if (bytes[from] === 0x7b) {
    const object: [string, unknown][] = [];
    const end = scanner.members(from, ({ keyStart, keyEnd, start, end: after }) => {
      const member = rebuilt(scanner, bytes, start);
      assert.equal(member.end, after);
      object.push([JSON.parse(`"${bytes.toString('utf8', keyStart, keyEnd)}"`), member.value]);
    });
    assert.equal(scanner.skipValue(from), end);
    return { value: Object.fromEntries(object), end };
  }
  if (bytes[from] === 0x5b) {
    const value: unknown[] = [];
    const end = scanner.elements(from, (start, index) => {
      assert.equal(index, value.length);
      const element = rebuilt(scanner, bytes, start);
      value.push(element.value);
      return element.end;
    });
    assert.equal(scanner.skipValue(from), end);
    return { value, end };
  }
  const end = scanner.skipValue(from);
  return { value: JSON.parse(bytes.toString('utf8', from, end)), end };
}

test('members and elements are found where JSON.parse finds them', () => {
  fc.assert(
    fc.property(written, (text) => {
      const bytes = Buffer.from(text);
      const scanner = new JsonScanner(bytes, DEPTH_MAX);
      const { value, end } = rebuilt(scanner, bytes, scanner.skipSpace(0));
      assert.equal(end, bytes.length);
      assert.deepEqual(value, JSON.parse(text));
    }),
    { numRuns: 2000 },
  );
});

test('an object or array that is cut anywhere is not JSON', () => {
  fc.assert(
    fc.property(written, fc.nat(), (text, cut) => {
      const whole = Buffer.from(text);
      fc.pre(whole[0] === 0x7b || whole[0] === 0x5b || whole[0] === 0x22);
      const bytes = whole.subarray(0, cut % whole.length);
      const scanner = new JsonScanner(bytes, DEPTH_MAX);
      assert.throws(() => scanner.skipValue(0), NotJson);
      assert.throws(() => scanner.members(0, () => {}), NotJson);
      assert.throws(() => scanner.elements(0, (start) => scanner.skipValue(start)), NotJson);
    }),
    { numRuns: 2000 },
  );
});

test('any bytes end in a position within them or in NotJson', () => {
  const jsonLike = fc
    .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', ' ', '1', 'a', '\0', '\x7f', 'é'))
    .map((parts) => Buffer.from(parts.join('')));
  const any = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(jsonLike, any), (bytes) => {
      const scanner = new JsonScanner(bytes, DEPTH_MAX);
      const scans = [
        () => scanner.skipValue(0),
        () => scanner.members(0, () => {}),
        () => scanner.elements(0, (start) => scanner.skipValue(start)),
      ];
      for (const scan of scans) {
        try {
          const end = scan();
          assert.ok(end > 0 && end <= bytes.length);
        } catch (error) {
          assert.ok(error instanceof NotJson, String(error));
          assert.ok(error.at >= 0 && error.at <= bytes.length + 1);
        }
      }
    }),
    { numRuns: 5000 },
  );
});

test('what follows a value that ends with its buffer is not read', () => {
  const memory = Buffer.from('{"a":"b"}{"c":1}');
  const scanner = new JsonScanner(memory.subarray(0, 8), DEPTH_MAX);
  assert.throws(() => scanner.members(0, () => {}), NotJson);
});

test('nesting beyond the limit is noticed and does not need the stack', () => {
  const deep = Buffer.from(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`);
  const scanner = new JsonScanner(deep, DEPTH_MAX);
  assert.equal(scanner.skipValue(0), deep.length);
  assert.equal(scanner.tooDeep, true);
  const shallow = new JsonScanner(Buffer.from('['.repeat(100) + ']'.repeat(100)), DEPTH_MAX);
  shallow.skipValue(0);
  assert.equal(shallow.tooDeep, false);
});
