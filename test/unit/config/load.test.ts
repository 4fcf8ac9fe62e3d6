import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { ConfigError } from '../../../src/config/fault.ts';
import { type ConfigSources, flag, loadConfig, parseSet } from '../../../src/config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatewatch-config-'));
after(() => rmSync(folder, { recursive: true }));

const FILE = join(folder, 'gatewatch.yaml');

function load(text: string, more: Partial<ConfigSources> = {}) {
  writeFileSync(FILE, text);
  return loadConfig({ file: FILE, env: {}, ...more });
}

/** The faults of a configuration, one line each, with the file called FILE. */
function faultsOf(text: string, more: Partial<ConfigSources> = {}, code = 'CONFIG_INVALID'): string[] {
  try {
    load(text, more);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, code);
    return error.faults.map(({ where, message }) => `${where?.replace(FILE, 'FILE')} ${message}`);
  }
  assert.fail('the configuration was taken');
}

function fault(text: string, more: Partial<ConfigSources> = {}): string {
  const [only, ...others] = faultsOf(text, more);
  assert.deepEqual(others, []);
  return only!;
}

suite('configuration: sources', () => {
  test('everything has a default', () => {
    const config = load('');
    assert.equal(config.data_dir, '.gatewatch');
    assert.equal(config.http.port, 8480);
    assert.equal(config.https.port, 8481);
    assert.deepEqual(config.clusters, []);
    assert.deepEqual(config.detect.rules, ['shipped']);
    assert.equal(config.receive.in_flight_bytes_max, 268_435_456);
  });

  test('a flag wins over the environment, which wins over the file', () => {
    const text = 'http: {port: 1}\nhttps: {port: 1}\nlogging: {level: debug}\n';
    const config = load(text, {
      env: { GATEWATCH_HTTP__PORT: '2', GATEWATCH_HTTPS__PORT: '2' },
      overrides: [parseSet('http.port=3')],
    });
    assert.equal(config.http.port, 3);
    assert.equal(config.https.port, 2);
    assert.equal(config.logging.level, 'debug');
    assert.equal(config.http.host, '127.0.0.1');
  });

  test('the last of two flags wins', () => {
    const overrides = [parseSet('http.port=3'), flag('--port', 'http.port', 4)];
    assert.equal(load('', { overrides }).http.port, 4);
  });

  test('GATEWATCH_CONFIG names the file, and a file named by flag wins over it', () => {
    writeFileSync(FILE, 'http: {port: 5}');
    assert.equal(loadConfig({ env: { GATEWATCH_CONFIG: FILE } }).http.port, 5);
    assert.equal(loadConfig({ file: FILE, env: { GATEWATCH_CONFIG: '/nowhere' } }).http.port, 5);
  });

  test('lists and mappings come from variables and flags as YAML', () => {
    const env = { GATEWATCH_RECEIVE__FILES: '[{path: a.log, cluster: prod}]' };
    const overrides = [
      parseSet('https={port: 0, enabled: false}'),
      parseSet('detect.rules=[shipped, ./own]'),
    ];
    const config = load('https: {host: "::1"}', { env, overrides });
    assert.deepEqual(config.receive.files, [{ path: 'a.log', cluster: 'prod' }]);
    assert.deepEqual([config.https.host, config.https.port, config.https.enabled], ['::1', 0, false]);
    assert.deepEqual(config.detect.rules, ['shipped', './own']);
  });

  test('text is taken as it stands where the key holds text', () => {
    for (const text of ['0123', 'true', 'a: b', '#x', '[', "'", 'ünï']) {
      assert.equal(load('', { env: { GATEWATCH_DATA_DIR: text } }).data_dir, text);
      assert.equal(load('', { overrides: [parseSet(`data_dir=${text}`)] }).data_dir, text);
    }
    assert.equal(load('', { overrides: [parseSet('data_dir=a=b')] }).data_dir, 'a=b');
  });

  test('a key or section without a value, and an empty variable, count as absent', () => {
    const config = load('http:\nclusters:\nhttps:\n  port:\n', { env: { GATEWATCH_HTTP__PORT: '' } });
    assert.equal(config.http.port, 8480);
    assert.equal(config.https.port, 8481);
  });

  test('variables that are not ours, or not settings, are passed over', () => {
    load('', {
      env: {
        GATEWATCHER: '1',
        GATEWATCH_TEST_X: '1',
        GATEWATCH_SERVICE_HOST: '10.0.0.1',
        GATEWATCH_SERVICE_PORT: '8480',
        GATEWATCH_SERVICE_PORT_HTTP: '8480',
        GATEWATCH_PORT: 'tcp://10.0.0.1:8480',
        GATEWATCH_PORT_8480_TCP: 'tcp://10.0.0.1:8480',
        GATEWATCH_PORT_8480_TCP_ADDR: '10.0.0.1',
        GATEWATCH_HTTP_PORT: 'tcp://10.0.0.1:8480',
      },
    });
  });

  test('--set needs a key and a value', () => {
    for (const argument of ['http.port', '=1', '']) {
      assert.throws(() => parseSet(argument), { code: 'USAGE_INVALID' });
    }
  });
});

suite('configuration: faults', () => {
  test('every fault is told at once, with line and column', () => {
    const text = [
      'http:',
      '  prt: 1',
      '  port: many',
      'clusters:',
      '  - name: Prod',
      '    audit_token_sha256: [abc]',
      '  - nme: x',
      'colour: red',
    ].join('\n');
    const faults = faultsOf(text);
    assert.deepEqual(
      new Set(faults),
      new Set([
        'FILE:2:3 unknown key http.prt; did you mean http.port?',
        'FILE:3:9 http.port: expected number, received string',
        'FILE:5:11 clusters[0].name: must be 1 to 63 lower-case letters, digits and "-", with a letter or digit at both ends',
        'FILE:6:26 clusters[0].audit_token_sha256[0]: must be a SHA-256 in hex, 64 digits',
        'FILE:7:5 clusters[1].name: is missing',
        'FILE:7:5 unknown key clusters[1].nme; did you mean clusters[1].name?',
        `FILE:8:1 unknown key colour; known here: data_dir, roles, http, https, clusters, receive, log, kafka, detect, correlate, index, elasticsearch, console, logging`,
      ]),
    );
  });

  test('a fault in a variable or flag names it, also where the file has the key too', () => {
    const text = 'http: {port: 1}';
    assert.equal(
      fault(text, { env: { GATEWATCH_HTTP__PORT: 'x' } }),
      'GATEWATCH_HTTP__PORT http.port: expected number, received string',
    );
    assert.equal(
      fault(text, { overrides: [parseSet('http.port=-1')] }),
      '--set http.port http.port: Too small: expected number to be >=0',
    );
    assert.equal(
      fault(text, { overrides: [flag('--port', 'http.port', 'x')] }),
      '--port http.port: expected number, received string',
    );
    assert.equal(
      fault(text, { overrides: [parseSet('http.port=[')] }),
      '--set http.port Flow sequence must end with a ]',
    );
  });

  test('a key in the wrong place, or written with the wrong sign, is recognised', () => {
    assert.equal(fault('port: 1'), 'FILE:1:1 unknown key port; did you mean http.port or https.port?');
    assert.equal(
      fault('', { env: { GATEWATCH_HTTP_PORT: '1' } }),
      'GATEWATCH_HTTP_PORT unknown key http_port; did you mean http.port?',
    );
    assert.equal(
      fault('', { env: { GATEWATCH_DATADIR: 'x' } }),
      'GATEWATCH_DATADIR unknown key datadir; did you mean data_dir?',
    );
    assert.match(
      fault('', { overrides: [parseSet('clusters.0.name=x')] }),
      /^--set clusters\.0\.name clusters: expected array/,
    );
  });

  test('hostile keys are refused and change nothing', () => {
    assert.deepEqual(
      faultsOf('__proto__: {polluted: 1}\nhttp: {constructor: {prototype: {polluted: 1}}}', {
        env: { GATEWATCH___PROTO____POLLUTED: '1' },
        overrides: [
          parseSet('__proto__.polluted=1'),
          parseSet('constructor.prototype.polluted=1'),
          parseSet('http={__proto__: {polluted: 1}}'),
        ],
      }),
      [
        'FILE:1:1 unknown key __proto__',
        'FILE:2:8 unknown key http.constructor',
        'GATEWATCH___PROTO____POLLUTED unknown key .proto..polluted',
        '--set __proto__.polluted unknown key __proto__.polluted',
        '--set constructor.prototype.polluted unknown key constructor.prototype.polluted',
        '--set http unknown key http.__proto__',
      ],
    );
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  test('what cannot be read or is not YAML has a code of its own', () => {
    const code = 'CONFIG_UNREADABLE';
    assert.match(faultsOf('a: [1\nb: 2', {}, code)[0]!, /^FILE:2:1 /);
    assert.match(
      faultsOf('http: {port: 1}\nhttp: {port: 2}', {}, code)[0]!,
      /^FILE:2:1 Map keys must be unique/,
    );
    assert.equal(faultsOf('http: !own {}', {}, code).length, 1);
    assert.equal(faultsOf('a: 1\n---\nb: 1', {}, code).length, 1);
    faultsOf('['.repeat(50_000), {}, code);
    const bomb = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    faultsOf(['a0: &a0 x', ...bomb].join('\n'), {}, code);
    assert.throws(() => loadConfig({ file: join(folder, 'none.yaml'), env: {} }), { code });
    assert.throws(() => loadConfig({ file: folder, env: {} }), { code });
  });

  test('a file must hold a mapping', () => {
    for (const text of ['- a', 'x', '3', '"']) assert.throws(() => load(text), ConfigError);
  });

  test('settings that contradict one another are refused', () => {
    assert.match(fault('http: {host: 0.0.0.0}'), /^FILE:1:14 http\.host: .*allow_plaintext/);
    load('http: {host: 0.0.0.0, allow_plaintext: true}');
    for (const host of ['127.0.0.2', '"::1"', 'localhost']) load(`http: {host: ${host}}`);
    for (const host of ['"::"', '"::ffff:10.0.0.1"', 'gatewatch.example', '10.0.0.1'])
      fault(`http: {host: ${host}}`);
    assert.match(fault('https: {cert_file: a}'), /key_file is missing/);
    assert.match(fault('https: {key_file: a}'), /cert_file is missing/);
    assert.match(fault('clusters: [{name: a}, {name: a}]'), /^FILE:1:30 clusters\[1\]\.name: .*twice/);
    assert.match(fault('receive: {in_flight_bytes_max: 10}'), /^FILE:1:32 .*body_bytes_max/);
    assert.match(fault('console: {public_url: "javascript:alert(1)"}'), /console\.public_url/);
    assert.match(fault('http: {port: 65536}'), /http\.port/);
    assert.match(fault('http: {port: 1.5}'), /http\.port/);
    assert.match(fault('log: {bytes_max: 1e30}'), /log\.bytes_max/);
  });

  test('the error explains itself: one fault on one line, several on one each', () => {
    assert.throws(
      () => load('http: {prt: 1}'),
      (error: ConfigError) => {
        assert.match(
          error.explain(),
          /^CONFIG_INVALID at .*gatewatch\.yaml:1:8: unknown key http\.prt; did you mean http\.port\? Correct/,
        );
        return true;
      },
    );
    assert.throws(
      () => load('a: 1\nb: 1'),
      (error: ConfigError) => {
        assert.equal(error.explain().split('\n').length, 4);
        return true;
      },
    );
  });
});
