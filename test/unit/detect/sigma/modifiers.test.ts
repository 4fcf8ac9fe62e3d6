import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODIFIERS } from '../../../../src/detect/sigma/modifiers/registry.ts';
import { refusal, vectors } from './support.ts';

const agent = (userAgent: unknown) => ({ userAgent });
const code = (value: unknown) => ({ responseStatus: { code: value } });
const at = (stageTimestamp: unknown) => ({ stageTimestamp });
const from = (...sourceIPs: unknown[]) => ({ sourceIPs });
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

test('the registry knows every modifier of the specification, and one of our own', () => {
  const specified =
    'all startswith endswith contains exists cased neq windash re i m s base64 base64offset utf16le utf16be utf16 wide ' +
    'lt lte gt gte minute hour day week month year cidr expand fieldref ' +
    'every';
  assert.deepEqual([...MODIFIERS.keys()].toSorted(), specified.split(' ').toSorted());
});

vectors('every', [
  [{ 'sourceIPs|every|startswith': ['10.', '192.'] }, from('10.0.0.1', '192.168.0.1'), true],
  [{ 'sourceIPs|every|startswith': ['10.', '192.'] }, from('10.0.0.1', '8.8.8.8'), false],
  [{ 'sourceIPs|startswith|every': '10.' }, from('10.0.0.1'), true],
  [{ 'sourceIPs|every|cidr': '10.0.0.0/8' }, from('10.0.0.1', '11.0.0.1'), false],
  [{ 'sourceIPs|every|re': '^10' }, from('10.0.0.1', '11.0.0.1'), false],
  [{ 'sourceIPs|every': '10.0.0.1' }, from(), false],
  [{ 'sourceIPs|every': '10.0.0.1' }, {}, false],
  [{ 'sourceIPs|every|neq': '10.0.0.1' }, from('10.0.0.1', '11.0.0.1'), true],
  [
    { 'sourceIPs|every|fieldref': 'user.groups' },
    { ...from('a', 'b'), user: { groups: ['b', 'a', 'c'] } },
    true,
  ],
  [
    { 'sourceIPs|every|fieldref': 'user.groups' },
    { ...from('a', 'd'), user: { groups: ['b', 'a', 'c'] } },
    false,
  ],
  [{ 'sourceIPs|fieldref|every': 'user.groups' }, { ...from('a', 'd'), user: { groups: ['a'] } }, false],
  [{ 'sourceIPs|every|fieldref': 'user.groups' }, { ...from(), user: { groups: ['a'] } }, false],
  [{ 'sourceIPs|every|fieldref': 'user.groups' }, from('a'), false],
  [
    { 'sourceIPs|every|fieldref|endswith': 'user.groups' },
    { ...from('xa', 'yb'), user: { groups: ['b', 'a'] } },
    true,
  ],
  [
    { 'sourceIPs|every|fieldref|endswith': 'user.groups' },
    { ...from('xa', 'yc'), user: { groups: ['b', 'a'] } },
    false,
  ],
  [{ 'sourceIPs|every|fieldref|endswith': 'user.groups' }, { ...from(), user: { groups: ['b'] } }, false],
]);

vectors('contains, startswith, endswith', [
  [{ 'userAgent|contains': 'ctl' }, agent('KUBECTL/1'), true],
  [{ 'userAgent|contains': 'ctl' }, agent('curl'), false],
  [{ 'userAgent|contains': 'k*l' }, agent('a kubectl b'), true],
  [{ 'userAgent|contains': '\\*' }, agent('a*b'), true],
  [{ 'userAgent|contains': '\\*' }, agent('ab'), false],
  [{ 'userAgent|startswith': 'kube' }, agent('Kubectl'), true],
  [{ 'userAgent|startswith': 'kube' }, agent('a kube'), false],
  [{ 'userAgent|startswith': 'k?be' }, agent('kubectl'), true],
  [{ 'userAgent|endswith': ['x', 'CTL'] }, agent('kubectl'), true],
  [{ 'userAgent|endswith': 'ctl' }, agent('kubectl '), false],
  [{ 'responseStatus.code|startswith': 40 }, code(403), true],
]);

vectors('all', [
  [{ 'userAgent|contains|all': ['a', 'b'] }, agent('b a'), true],
  [{ 'userAgent|contains|all': ['a', 'b'] }, agent('a'), false],
  [{ 'user.groups|all': ['dev', 'ops'] }, { user: { groups: ['ops', 'dev', 'x'] } }, true],
  [{ 'user.groups|all': ['dev', 'ops'] }, { user: { groups: ['ops'] } }, false],
]);

vectors('cased', [
  [{ 'userAgent|cased': 'Kube' }, agent('Kube'), true],
  [{ 'userAgent|cased': 'Kube' }, agent('kube'), false],
  [{ 'userAgent|contains|cased': 'K?b' }, agent('a Kube'), true],
  [{ 'userAgent|cased|contains': 'K?b' }, agent('a kube'), false],
]);

vectors('exists', [
  [{ 'requestObject.a|exists': true }, { requestObject: { a: 0 } }, true],
  [{ 'requestObject.a|exists': true }, { requestObject: { a: null } }, true],
  [{ 'requestObject.a|exists': true }, { requestObject: { a: [] } }, true],
  [{ 'requestObject.a|exists': true }, { requestObject: { b: 0 } }, false],
  [{ 'requestObject.a|exists': true }, { requestObject: [{ b: 0 }, { a: 0 }] }, true],
  [{ 'requestObject.a|exists': false }, { requestObject: {} }, true],
  [{ 'requestObject.a|exists': false }, { requestObject: { a: '' } }, false],
  [{ 'objectRef|exists': false }, {}, true],
]);

vectors('neq', [
  [{ 'verb|neq': 'get' }, { verb: 'create' }, true],
  [{ 'verb|neq': 'get' }, { verb: 'GET' }, false],
  [{ 'verb|neq': ['get', 'list'] }, { verb: 'list' }, false],
  [{ 'verb|neq': ['get', 'list'] }, { verb: 'watch' }, true],
  [{ 'verb|neq': 'get' }, {}, true],
  [{ 'responseStatus.code|neq': 200 }, code(201), true],
  [{ 'responseStatus.code|neq': 200 }, code(200), false],
  [{ 'userAgent|contains|neq': 'x' }, agent('axb'), false],
  [{ 'user.groups|neq': 'dev' }, { user: { groups: ['dev', 'ops'] } }, false],
  [{ 'verb|neq': null }, { verb: 'get' }, true],
  [{ 'verb|neq': null }, {}, false],
]);

vectors('re, re|i, re|m, re|s', [
  [{ 'userAgent|re': 'k.b' }, agent('a kubectl'), true],
  [{ 'userAgent|re': 'K.b' }, agent('kubectl'), false],
  [{ 'userAgent|re|i': 'K.B' }, agent('kubectl'), true],
  [{ 'userAgent|re': '^b' }, agent('a\nb'), false],
  [{ 'userAgent|re|m': '^b' }, agent('a\nb'), true],
  [{ 'userAgent|re': 'a.b' }, agent('a\nb'), false],
  [{ 'userAgent|re|s': 'a.b' }, agent('a\nb'), true],
  [{ 'userAgent|re|i|m|s': '^B.C' }, agent('a\nb\nc'), true],
  [{ 'userAgent|re': ['x', 'b$'] }, agent('ab'), true],
  [{ 'userAgent|re|all': ['a', 'b$'] }, agent('ab'), true],
  [{ 'userAgent|re|all': ['a', 'x'] }, agent('ab'), false],
  [{ 'userAgent|re|neq': 'a' }, agent('b'), true],
  [{ 'responseStatus.code|re': '^4\\d\\d$' }, code(403), true],
]);

vectors('lt, lte, gt, gte', [
  [{ 'responseStatus.code|gte': 400 }, code(400), true],
  [{ 'responseStatus.code|gte': 400 }, code(399), false],
  [{ 'responseStatus.code|gt': 400 }, code(400), false],
  [{ 'responseStatus.code|gt': 400 }, code('401'), true],
  [{ 'responseStatus.code|lt': 400 }, code(399), true],
  [{ 'responseStatus.code|lt': 400 }, code(400), false],
  [{ 'responseStatus.code|lte': 400 }, code(400), true],
  [{ 'responseStatus.code|lte': 400 }, code('many'), false],
  [{ 'responseStatus.code|lte': 400 }, code(null), false],
  [{ 'responseStatus.code|gt': -1.5 }, code(-1), true],
  [{ 'responseStatus.code|lt': 400 }, {}, false],
]);

vectors('cidr', [
  [{ 'sourceIPs|cidr': '10.0.0.0/8' }, from('10.1.2.3'), true],
  [{ 'sourceIPs|cidr': '10.0.0.0/8' }, from('11.1.2.3', '10.9.9.9'), true],
  [{ 'sourceIPs|cidr': '10.0.0.0/8' }, from('11.1.2.3'), false],
  [{ 'sourceIPs|cidr': '10.0.0.0/8' }, from('::ffff:10.1.2.3'), true],
  [{ 'sourceIPs|cidr': '2001:db8::/32' }, from('2001:DB8::1'), true],
  [{ 'sourceIPs|cidr': 'fe80::/10' }, from('fe80::1%eth0'), true],
  [{ 'sourceIPs|cidr': '2001:db8::/32' }, from('10.1.2.3'), false],
  [{ 'sourceIPs|cidr': ['192.168.0.0/16', '10.1.2.3'] }, from('10.1.2.3'), true],
  [{ 'sourceIPs|cidr|neq': '10.0.0.0/8' }, from('11.1.2.3'), true],
  [{ 'sourceIPs|cidr': '0.0.0.0/0' }, from('not an address', 7, null, {}), false],
]);

vectors('fieldref', [
  [
    { 'objectRef.name|fieldref': 'user.username' },
    { objectRef: { name: 'A' }, user: { username: 'a' } },
    true,
  ],
  [{ 'objectRef.name|fieldref': 'user.username' }, { objectRef: { name: 'a' }, user: {} }, false],
  [{ 'objectRef.name|fieldref': 'user.username' }, {}, false],
  [
    { 'objectRef.name|fieldref|cased': 'user.username' },
    { objectRef: { name: 'A' }, user: { username: 'a' } },
    false,
  ],
  [
    { 'objectRef.name|fieldref|neq': 'user.username' },
    { objectRef: { name: 'b' }, user: { username: 'a' } },
    true,
  ],
  [
    { 'objectRef.name|fieldref': 'user.groups' },
    { objectRef: { name: 'b' }, user: { groups: ['a', 'b'] } },
    true,
  ],
  [
    { 'user.username|fieldref|endswith': 'objectRef.namespace' },
    { objectRef: { namespace: 'dev' }, user: { username: 'team-dev' } },
    true,
  ],
  [
    { 'user.username|fieldref|startswith': 'objectRef.namespace' },
    { objectRef: { namespace: 'dev' }, user: { username: 'team-dev' } },
    false,
  ],
  [
    { 'user.username|fieldref|contains': ['objectRef.name', 'objectRef.namespace'] },
    { objectRef: { namespace: 'dev' }, user: { username: 'a-dev-b' } },
    true,
  ],
  [
    { 'user.username|fieldref|all': ['objectRef.name', 'objectRef.namespace'] },
    { objectRef: { namespace: 'x', name: 'y' }, user: { username: 'x' } },
    false,
  ],
]);

vectors('base64 and base64offset', [
  [{ 'userAgent|base64': 'foo' }, agent('Zm9v'), true],
  [{ 'userAgent|base64|contains': 'foo' }, agent('x Zm9v y'), true],
  [{ 'userAgent|base64offset|contains': 'foobar' }, agent(Buffer.from('foobar').toString('base64')), true],
  [{ 'userAgent|base64offset|contains': 'foobar' }, agent(Buffer.from('1foobar2').toString('base64')), true],
  [
    { 'userAgent|base64offset|contains': 'foobar' },
    agent(Buffer.from('12foobar345').toString('base64')),
    true,
  ],
  [{ 'userAgent|base64offset|contains': 'foobar' }, agent(Buffer.from('foo-bar').toString('base64')), false],
  [{ 'userAgent|base64offset|contains': 'ab' }, agent(Buffer.from('1ab2').toString('base64')), true],
  [
    { 'userAgent|base64offset|contains|all': ['one', 'two'] },
    agent(Buffer.from('one and two').toString('base64')),
    true,
  ],
  [
    { 'userAgent|base64offset|contains|all': ['one', 'two'] },
    agent(Buffer.from('one').toString('base64')),
    false,
  ],
]);

vectors('wide, utf16le, utf16be, utf16', [
  [{ 'userAgent|wide|base64offset|contains': 'ping' }, agent(utf16('a ping b').toString('base64')), true],
  [{ 'userAgent|utf16le|base64offset|contains': 'ping' }, agent(utf16('ping').toString('base64')), true],
  [
    { 'userAgent|utf16be|base64offset|contains': 'ping' },
    agent(utf16('ping').swap16().toString('base64')),
    true,
  ],
  [
    { 'userAgent|utf16be|base64offset|contains': 'ping' },
    agent(Buffer.from('ping').toString('base64')),
    false,
  ],
  [
    { 'userAgent|utf16|base64': 'ping' },
    agent(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('ping')]).toString('base64')),
    true,
  ],
  [{ 'userAgent|wide': 'cmd' }, agent('c\0m\0d\0'), true],
  [{ 'userAgent|wide|contains': 'cmd' }, agent('xc\0m\0d\0x'), true],
]);

vectors('windash', [
  [{ 'userAgent|windash|contains': ' -f' }, agent('rm /f'), true],
  [{ 'userAgent|windash|contains': ' /f' }, agent('rm -f'), true],
  [{ 'userAgent|windash|contains': ' -f' }, agent('rm \u2014f'), true],
  [{ 'userAgent|windash|contains': ' -f' }, agent('rm f'), false],
  [{ 'userAgent|windash|contains': '-a-b -c' }, agent('/a-b \u2013c'), true],
  [{ 'userAgent|windash|contains': '-a-b -c' }, agent('/a/b -c'), false],
]);

vectors('minute, hour, day, week, month, year', [
  [{ 'stageTimestamp|minute': 7 }, at('2024-02-29T23:07:59.123456Z'), true],
  [{ 'stageTimestamp|hour': 23 }, at('2024-02-29T23:07:59.123456Z'), true],
  [{ 'stageTimestamp|hour': [22, 1] }, at('2024-02-29T23:07:59Z'), false],
  [{ 'stageTimestamp|hour|gte': 22 }, at('2024-02-29T23:07:59Z'), true],
  [{ 'stageTimestamp|hour|lt': 6 }, at('2024-02-29T23:07:59Z'), false],
  [{ 'stageTimestamp|hour|neq': 22 }, at('2024-02-29T23:07:59Z'), true],
  [{ 'stageTimestamp|day': 29 }, at('2024-02-29T23:07:59Z'), true],
  [{ 'stageTimestamp|month': 2 }, at('2024-02-29'), true],
  [{ 'stageTimestamp|hour': 0 }, at('2024-02-29'), false],
  [{ 'stageTimestamp|year': 2024 }, at('2024-02-29T23:07:59Z'), true],
  [{ 'stageTimestamp|year': 2024 }, at('2024 was good'), false],
  [{ 'stageTimestamp|week': 9 }, at('2024-02-29T23:07:59Z'), true],
  [{ 'stageTimestamp|week': 53 }, at('2021-01-03T00:00:00Z'), true],
  [{ 'stageTimestamp|week': 1 }, at('2018-12-31T00:00:00Z'), true],
  [{ 'stageTimestamp|week': 52 }, at('2023-01-01T00:00:00Z'), true],
]);

test('a modifier that is unknown is refused by name', () => {
  assert.equal(
    refusal({ 'verb|startwith': 'a' }),
    'RULE_INVALID: "startwith" is not a modifier of Sigma. Did you mean "startswith"?',
  );
  assert.equal(refusal({ 'verb|xyzzy': 'a' }), 'RULE_INVALID: "xyzzy" is not a modifier of Sigma.');
});

test('a combination without a meaning is refused', () => {
  const table: readonly [selection: unknown, message: RegExp][] = [
    [{ 'verb|all': 'a' }, /at least two, found one/],
    [{ 'verb|contains|startswith': 'a' }, /contradicts "contains"/],
    [{ 'verb|contains|contains': 'a' }, /stands twice/],
    [{ 'verb|contains|re': 'a' }, /cannot follow "contains"/],
    [{ 'verb|re|contains': 'a' }, /cannot follow "re"/],
    [{ 'verb|re|cased': 'a' }, /"cased" has no meaning with "re"/],
    [{ 'verb|i': 'a' }, /must follow it/],
    [{ 'verb|re': 7 }, /expects a string/],
    [{ 'verb|exists': 'yes' }, /true or false/],
    [{ 'verb|exists|neq': true }, /"neq" has no meaning with "exists"/],
    [{ 'verb|contains|exists': true }, /expects a string, found true/],
    [{ 'verb|contains': null }, /expects a string, found null/],
    [{ 'verb|gt': 'ten' }, /expects a number/],
    [{ 'verb|gt|lt': 3 }, /cannot follow "gt"/],
    [{ 'verb|hour': 24 }, /from 0 to 23, found 24/],
    [{ 'verb|hour': '1' }, /expects a number/],
    [{ 'verb|cidr': '10.0.0.0/33' }, /Expected a network/],
    [{ 'verb|cidr': '10.0.0' }, /Expected a network/],
    [{ 'verb|cidr': 'x' }, /Expected a network/],
    [{ 'verb|base64': 'a*' }, /found wildcards/],
    [{ 'verb|contains|base64': 'a' }, /found wildcards/],
    [{ 'verb|base64offset': 'a' }, /at least 2 bytes/],
    [{ 'verb|wide|utf16be': 'a' }, /encoded already/],
    [{ 'verb|windash': '-a -b -c -d -e' }, /at most 625/],
    [{ 'verb|fieldref': 'a*' }, /without wildcards/],
    [{ '|startswith': 'a' }, /needs a field/],
    [{ '|exists': true }, /needs a field/],
    [{ '': 'a', verb: [] }, /empty list/],
    [{ '|all': ['a', ''] }, /found nothing/],
    [{ 'verb|exists|every': true }, /"every" has no meaning with "exists"/],
    [{ verb: [['a']] }, /a list within a list/],
    [{ objectRef: { resource: 'pods' } }, /a path with dots/],
  ];
  for (const [selection, message] of table)
    assert.match(refusal(selection), message, JSON.stringify(selection));
});
