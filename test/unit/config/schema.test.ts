import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type KeySchema, keyAt, leafPaths } from '../../../src/config/keys.ts';
import { configJsonSchema } from '../../../src/config/schema.ts';

suite('configuration schema', () => {
  test('every key says what it means', () => {
    const visit = (path: string, schema: KeySchema): void => {
      if (path) assert.match(schema.description ?? '', /^[A-Z].*\.$/, path);
      for (const [key, inner] of Object.entries(schema.properties ?? schema.items?.properties ?? {})) {
        visit(`${path}.${key}`, inner);
      }
    };
    visit('', keyAt([])!);
  });

  test('the JSON Schema allows no other keys', () => {
    const schema = configJsonSchema() as { additionalProperties: boolean; properties: object };
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(leafPaths().slice(0, 3), [['data_dir'], ['roles'], ['http', 'host']]);
  });

  test('limits are named so, and durations and sizes carry their unit', () => {
    for (const path of leafPaths()) {
      const type = keyAt(path)?.type;
      if ((type !== 'integer' && type !== 'number') || path.at(-1) === 'port') continue;
      // What is counted, not limited, is named by what there are so many of.
      assert.match(path.at(-1)!, /_max$|_seconds$|_hours$|_days$|partitions$|replica/, path.join('.'));
    }
  });
});
