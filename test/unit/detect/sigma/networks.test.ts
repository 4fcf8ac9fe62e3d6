import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { NetworkSet, parseNetwork } from '../../../../src/detect/sigma/networks.ts';

const set = (...networks: string[]) => new NetworkSet(networks.map((text) => parseNetwork(text)!));

test('addresses of either family, networks and IPv4 written as IPv6', () => {
  const table: readonly [network: string, address: string, verdict: boolean][] = [
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/8', '10.0.0.0', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['0.0.0.0/0', '::ffff:1.2.3.4', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['::/0', '::ffff:10.1.2.3', true],
    ['::/0', '10.1.2.3', false],
    ['2001:db8::/32', '2001:DB8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:db8::1', '2001:db8:0:0:0:0:0:1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::/0', '', false],
    ['::/0', 'x'.repeat(1_000_000), false],
    ['10.0.0.0/8', '10.0.0', false],
    ['10.0.0.0/8', '010.0.0.1', false],
  ];
  for (const [network, address, verdict] of table) {
    assert.equal(set(network).has(address), verdict, `${address} in ${network}`);
  }
});

test('what is not a network', () => {
  for (const text of [
    '',
    'x',
    '10.0.0.0/33',
    '::/129',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '1.2.3.4/8/8',
    'fe80::1%eth0',
  ])
    assert.equal(parseNetwork(text), undefined, text);
});

test('it holds what a list of blocks holds that is searched one by one', () => {
  const families = [
    ['ipv4', fc.ipV4(), 32],
    ['ipv6', fc.ipV6(), 128],
  ] as const;
  for (const [family, address, bits] of families) {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(address, fc.nat(bits)), { maxLength: 20 }),
        address,
        (networks, candidate) => {
          const blocks = new BlockList();
          for (const [text, prefix] of networks) blocks.addSubnet(text, prefix, family);
          const own = set(...networks.map(([text, prefix]) => `${text}/${prefix}`));
          assert.equal(own.has(candidate), blocks.check(candidate, family));
        },
      ),
      { numRuns: 1000 },
    );
  }
});
