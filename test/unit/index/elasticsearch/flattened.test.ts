import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flattened } from '../../../../src/index/elasticsearch/flattened.ts';

function nested(depth: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

describe('flattened', () => {
  it('keeps what Elasticsearch takes', () => {
    const value = JSON.parse(
      '{"a": [1, {"b.c": null}], "": true, "__proto__": {"constructor": "x"}, "..": []}',
    );
    assert.deepEqual(flattened(value), { value, whole: true });
    assert.deepEqual(flattened(nested(20)), { value: nested(20), whole: true });
    assert.equal(Object.getPrototypeOf(flattened(value).value), Object.prototype);
  });

  it('writes what is nested too deep as text', () => {
    const { value, whole } = flattened(nested(200));
    assert.equal(whole, false);
    assert.match(JSON.stringify(value), /^(\{"a":){20}"(\{\\"a\\":){180}1/);
  });

  it('takes NUL out of keys, and cuts paths', () => {
    assert.deepEqual(flattened({ 'a\0b': 'x\0y' }), { value: { 'a\ufffdb': 'x\0y' }, whole: false });
    const { value, whole } = flattened({ ['k'.repeat(40_000)]: { ['l'.repeat(10)]: 1 } });
    const [key, inner] = Object.entries(value as object)[0]!;
    assert.equal(whole, false);
    assert.ok(`${key}.${Object.keys(inner)[0]}`.length <= 8002);
  });

  it('leaves out values beyond the most that it takes', () => {
    const { value, whole } = flattened({ a: Array.from({ length: 30_000 }, (_, i) => i), b: 1 });
    assert.equal(whole, false);
    assert.ok((value as { a: unknown[] }).a.length <= 20_000);
    assert.ok(flattened({ a: Array.from({ length: 10_000 }, () => ({ b: 1 })) }).whole);
  });
});
