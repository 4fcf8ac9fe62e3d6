import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alertPageSchema, alertSchema, countsSchema, errorSchema } from '../../../src/console/schemas.ts';
import { ERRORS, GatewatchError } from '../../../src/errors.ts';
import type { AlertStore } from '../../../src/index/port.ts';
import {
  alertOf,
  DENIED_RELABELLED_ADMITTED,
  HOSTILE,
  NAMESPACE_LOWERED,
  PRIVILEGED_POD_DENIED,
} from '../../contract/alert-store-fixtures.ts';
import { BEARER, consoleWith } from './console-under-test.ts';

const ALL = [PRIVILEGED_POD_DENIED, NAMESPACE_LOWERED, DENIED_RELABELLED_ADMITTED, HOSTILE];

describe('alerts API', async () => {
  const fastify = await consoleWith(ALL);
  const get = async (path: string, parameters: ConstructorParameters<typeof URLSearchParams>[0] = {}) => {
    const answer = await fastify.inject({
      url: `${path}?${new URLSearchParams(parameters)}`,
      headers: BEARER,
    });
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
  };
  const ids = async (parameters: ConstructorParameters<typeof URLSearchParams>[0]) => {
    const { body } = await get('/v1/alerts', parameters);
    return body.alerts.map((alert: typeof HOSTILE) => alert.event.id);
  };

  it('answers as its schemas say, with documents as they were put', async () => {
    const { status, body, headers } = await get('/v1/alerts');
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'no-store');
    alertPageSchema.parse(body);
    assert.deepEqual(
      body.alerts,
      ALL.toSorted((a, b) => (a['@timestamp'] < b['@timestamp'] ? 1 : -1)),
    );
    const one = await get(`/v1/alerts/${HOSTILE.event.id}`);
    alertSchema.parse(one.body);
    assert.deepEqual(one.body, HOSTILE);
  });

  it('filters', async () => {
    const [denied, lowered, sequence, hostile] = ALL.map((alert) => alert.event.id);
    assert.deepEqual(await ids({ user: 'bob', sort: 'severity' }), [sequence, lowered, denied]);
    assert.deepEqual(await ids({ severity: 'critical' }), [sequence]);
    assert.deepEqual(
      await ids([
        ['severity', 'critical'],
        ['severity', 'medium'],
        ['order', 'asc'],
      ]),
      [denied, sequence],
    );
    assert.deepEqual(await ids({ outcome: 'denied' }), [denied]);
    assert.deepEqual(await ids({ detectionId: 'AC05' }), [lowered]);
    assert.deepEqual(await ids({ text: 'mallory' }), [hostile]);
    assert.deepEqual(await ids({ from: '2026-11-22T13:37:41.550093Z' }), [hostile, sequence]);
    assert.deepEqual(await ids({ user: HOSTILE.user?.name ?? '' }), [hostile]);
    assert.deepEqual(
      await ids({ text: '', user: '', severity: '', outcome: 'denied' }),
      [denied],
      'empty is none',
    );
  });

  it('pages by cursor', async () => {
    const first = await get('/v1/alerts', { limit: '3' });
    assert.equal(first.body.alerts.length, 3);
    const second = await get('/v1/alerts', { limit: '3', cursor: first.body.next });
    assert.deepEqual(
      second.body.alerts.map((alert: typeof HOSTILE) => alert.event.id),
      [PRIVILEGED_POD_DENIED.event.id],
    );
    assert.equal(second.body.next, undefined);
  });

  it('counts', async () => {
    const { body } = await get('/v1/alerts/counts', { by: 'severity', user: 'bob' });
    countsSchema.parse(body);
    assert.equal(body.total, 3);
    assert.equal(body.by, 'severity');
    assert.deepEqual(body.values.map(({ value }: { value: string }) => value).sort(), [
      'critical',
      'high',
      'medium',
    ]);
    assert.deepEqual((await get('/v1/alerts/counts')).body, { total: 4, values: [] });
  });

  it('says what is wrong with a query, where, and what was meant', async () => {
    const cases: [string, Record<string, string>, string, RegExp][] = [
      ['/v1/alerts', { sevrity: 'high' }, 'sevrity', /no parameter "sevrity"\. Did you mean "severity"\?/],
      ['/v1/alerts', { severity: 'hgh' }, 'severity[0]', /Did you mean "high"\?/],
      ['/v1/alerts', { qwertyuiop: '1' }, 'qwertyuiop', /no parameter "qwertyuiop"\.$/],
      ['/v1/alerts', { limit: '0' }, 'limit', /./],
      ['/v1/alerts', { limit: '501' }, 'limit', /./],
      ['/v1/alerts', { limit: 'ten' }, 'limit', /./],
      ['/v1/alerts', { limit: '1e999' }, 'limit', /./],
      ['/v1/alerts', { from: 'yesterday' }, 'from', /./],
      ['/v1/alerts', { to: '2026-11-22' }, 'to', /./],
      ['/v1/alerts', { text: 'x'.repeat(3000) }, 'text', /./],
      ['/v1/alerts', { sort: 'name' }, 'sort', /time, severity/],
      ['/v1/alerts', { range: '1h' }, 'range', /no parameter/],
      ['/v1/alerts/counts', { by: 'seveity' }, 'by', /Did you mean "severity"/],
      ['/v1/alerts/counts', { limit: '1' }, 'limit', /no parameter/],
      ['/v1/alerts', { __proto__x: '1' }, '__proto__x', /no parameter/],
    ];
    for (const [path, parameters, where, message] of cases) {
      const { status, body } = await get(path, parameters);
      assert.equal(status, 400, JSON.stringify(parameters).slice(0, 80));
      errorSchema.parse(body);
      assert.equal(body.error.code, 'QUERY_INVALID');
      assert.equal(body.error.where, where);
      assert.match(body.error.message, message);
      assert.equal(body.error.remedy, ERRORS.QUERY_INVALID.remedy);
    }
    const twice = await get('/v1/alerts', [
      ['limit', '1'],
      ['limit', '2'],
    ]);
    assert.equal(twice.body.error.where, 'limit');
    const many = await get(
      '/v1/alerts',
      Array.from({ length: 51 }, (_, i) => ['user', `u${i}`] as [string, string]),
    );
    assert.equal(many.body.error.where, 'user');
    for (const name of ['__proto__', 'constructor', 'toString']) {
      assert.equal((await get('/v1/alerts', [[name, 'x']])).body.error.code, 'QUERY_INVALID', name);
    }
  });

  it('refuses foreign cursors', async () => {
    for (const cursor of ['x', 'AAAA', `${'A'.repeat(1000)}`]) {
      const { status, body } = await get('/v1/alerts', { cursor });
      assert.equal(status, 400);
      assert.equal(body.error.code, 'CURSOR_INVALID');
    }
  });

  it('knows what it does not know', async () => {
    for (const [path, code] of [
      ['/v1/alerts/unknown', 'ALERT_UNKNOWN'],
      ['/v1/alerts/%00', 'ALERT_UNKNOWN'],
      [`/v1/alerts/${'x'.repeat(5000)}`, 'ROUTE_UNKNOWN'],
      ['/v1/alerts/%zz', 'ROUTE_UNKNOWN'],
      ['/v1/nothing', 'ROUTE_UNKNOWN'],
    ] as const) {
      const { status, body } = await get(path);
      assert.equal(status, 404, path.slice(0, 40));
      errorSchema.parse(body);
      assert.equal(body.error.code, code, path.slice(0, 40));
    }
  });

  it('takes no hostile text for syntax', async () => {
    for (const text of ['"', "' OR 1=1 --", 'NEAR(', '\u0000', '\ud800', '*', '%', 'a AND', '\u202e']) {
      const { status } = await get('/v1/alerts', { text, user: text, namespace: text });
      assert.equal(status, 200, JSON.stringify(text));
    }
  });

  it('describes itself in OpenAPI 3.1 without a login', async () => {
    const answer = await fastify.inject('/openapi.json');
    const document = answer.json();
    assert.equal(document.openapi, '3.1.0');
    assert.equal(document.info.version, '0.0.0-test');
    assert.deepEqual(Object.keys(document.paths).sort(), [
      '/v1/alerts',
      '/v1/alerts/counts',
      '/v1/alerts/{id}',
    ]);
    assert.deepEqual(Object.keys(document.components.schemas).sort(), ['Alert', 'Error']);
    const names = document.paths['/v1/alerts'].get.parameters.map(({ name }: { name: string }) => name);
    assert.ok(names.includes('severity') && names.includes('cursor'));
    const count = document.components.schemas.Alert.properties.gatewatch.properties.count;
    assert.match(count.description, /Distinct matches/);
  });
});

describe('alerts API over a store that fails', () => {
  const failing = (error: Error): AlertStore => ({
    put: () => Promise.reject(error),
    get: () => Promise.reject(error),
    find: () => Promise.reject(error),
    count: () => Promise.reject(error),
    close: () => Promise.resolve(),
  });

  it('tells nothing of the cause', async () => {
    const fastify = await consoleWith([], { store: failing(new Error('disk I/O error in /secret/path')) });
    const answer = await fastify.inject({ url: '/v1/alerts', headers: BEARER });
    assert.equal(answer.statusCode, 500);
    assert.equal(answer.json().error.code, 'INTERNAL');
    assert.doesNotMatch(answer.body, /secret/);
  });

  it('passes on an error with a code', async () => {
    const fastify = await consoleWith([], {
      store: failing(new GatewatchError('LOG_UNAVAILABLE', 'Not now.')),
    });
    const answer = await fastify.inject({ url: '/v1/alerts', headers: BEARER });
    assert.equal(answer.statusCode, 503);
    assert.equal(answer.json().error.code, 'LOG_UNAVAILABLE');
  });

  it('shares a server with routes that are not its own', async () => {
    const fastify = await consoleWith([alertOf({ id: 'a' })]);
    assert.equal(fastify.hasReplyDecorator('setCookie'), false, 'what it registers stays inside');
    assert.equal(fastify.hasDecorator('swagger'), false);
  });
});
