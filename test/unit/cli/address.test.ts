import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseAddress } from '../../../src/cli/address.ts';

suite('the address of --address', () => {
  for (const [text, host, authority] of [
    ['gw.example.com', 'gw.example.com', 'gw.example.com:8481'],
    ['gw.example.com:443', 'gw.example.com', 'gw.example.com'],
    ['localhost:1', 'localhost', 'localhost:1'],
    ['10.0.0.1:9000', '10.0.0.1', '10.0.0.1:9000'],
    ['2001:db8::1', '2001:db8::1', '[2001:db8::1]:8481'],
    ['[2001:db8::1]', '2001:db8::1', '[2001:db8::1]:8481'],
    ['[2001:db8::1]:443', '2001:db8::1', '[2001:db8::1]'],
  ] as const) {
    test(`takes ${text}`, () => assert.deepEqual(parseAddress(text, 8481), { host, authority }));
  }

  for (const text of [
    ...[
      '',
      ':80',
      'a:',
      'a:b',
      'a:0',
      'a:65536',
      'a b',
      'https://a',
      'a/b',
      'u@a',
      'a?b',
      'a_b',
      '-a',
      'a..b',
    ],
    ...[
      '[a]',
      '[10.0.0.1]:1',
      '1.2.3',
      '256.1.1.1',
      '0.0.0.0',
      '::',
      '[::]:1',
      `${'a'.repeat(64)}.b`,
      'a\nb',
    ],
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseAddress(text, 8481), { code: 'USAGE_INVALID' });
    });
  }
});
