import assert from 'node:assert/strict';
import type { Client } from '@elastic/elasticsearch';

/** What is said of fields: in which keys of the JSON a field is named that alerts are counted by, and where one that only must exist. */
const COUNTED = new Set(['field', 'sourceField', 'fieldName']);

/** Not a field of a document. */
const RECORDS = '___records___';

/**
 * Makes sure that every field named in dashboards is in the mapping, and that those which alerts are counted by can be.
 * @returns how many fields there are
 */
export async function checkFields(client: Client, index: string, dashboards: unknown): Promise<number> {
  const { counted, named } = fieldsIn(dashboards);
  const { fields } = await client.fieldCaps({ index, fields: '*' });
  const capability = (field: string) => Object.values(fields[field] ?? {})[0];
  const all = new Set([...counted, ...named]);
  assert.deepEqual(
    [...all].filter((field) => capability(field) === undefined),
    [],
    'no such field',
  );
  assert.deepEqual(
    [...counted].filter((field) => !capability(field)!.aggregatable),
    [],
    'cannot be counted by',
  );
  assert.deepEqual(
    [...all].filter((field) => !capability(field)!.searchable),
    [],
    'cannot be searched',
  );
  return all.size;
}

/** The fields that any JSON names. */
function fieldsIn(json: unknown): { counted: Set<string>; named: Set<string> } {
  const counted = new Set<string>();
  const named = new Set<string>();
  const text = (value: string) => {
    // `field:` and `_exists_:field` in queries.
    for (const [, exists, field] of value.matchAll(/_exists_:([\w.@]+)|(?<![\w.@])((?:@|\w+\.)[\w.]+)\s?:/g))
      named.add((exists ?? field)!);
  };
  const walk = (value: unknown, key = '') => {
    if (Array.isArray(value)) for (const one of value) walk(one, key);
    else if (typeof value === 'object' && value !== null)
      for (const [k, v] of Object.entries(value)) walk(v, k);
    else if (typeof value !== 'string' || value === '' || value === RECORDS) return;
    else if (/^[{[]/.test(value)) walk(JSON.parse(value));
    else if (COUNTED.has(key)) counted.add(value);
    else if (key === 'names' || key === 'columns' || key === 'key') named.add(value);
    else if (key === 'query') text(value);
  };
  walk(json);
  return { counted, named };
}
