/** Patches of every kind that make one object of another. */

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** A JSON patch (RFC 6902) that says each change where it is. */
export function jsonPatch(before: unknown, after: unknown, path = ''): Operation[] {
  if (same(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const gone = Object.keys(before).filter((key) => after[key] === undefined);
    return [
      ...gone.map((key) => ({ op: 'remove', path: `${path}/${escaped(key)}` })),
      ...Object.keys(after).flatMap((key) =>
        key in before
          ? jsonPatch(before[key], after[key], `${path}/${escaped(key)}`)
          : [{ op: 'add', path: `${path}/${escaped(key)}`, value: after[key] }],
      ),
    ];
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length <= after.length) {
    return after.flatMap((element, index) =>
      index < before.length
        ? jsonPatch(before[index], element, `${path}/${index}`)
        : [{ op: 'add', path: `${path}/-`, value: element }],
    );
  }
  return [{ op: 'replace', path, value: after }];
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A merge patch (RFC 7396): a list that changed is in it whole. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (!isObject(before) || !isObject(after)) return after;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...keys]
      .filter((key) => !same(before[key], after[key]))
      .map((key) => [key, key in after ? mergePatch(before[key], after[key]) : null]),
  );
}

/** A strategic merge patch: of lists whose elements have names only the elements that changed. */
export function strategicPatch(before: unknown, after: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(after) && after.every((one) => isObject(one) && 'name' in one)) {
    return after.flatMap((element) => {
      const known = before.find((one) => one.name === element.name);
      if (same(known, element)) return [];
      return [{ name: element.name, ...(known ? (strategicPatch(known, element) as Json) : element) }];
    });
  }
  if (!isObject(before) || !isObject(after)) return after;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...keys]
      .filter((key) => !same(before[key], after[key]))
      .map((key) => [key, key in after ? strategicPatch(before[key], after[key]) : null]),
  );
}
