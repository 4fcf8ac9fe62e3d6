import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consolePlugin } from '../../../src/console/plugin.ts';
import { PRIVILEGED_POD_DENIED } from '../../contract/alert-store-fixtures.ts';
import { BEARER, consoleWith, loginForm, sessionOf, TOKEN } from './console-under-test.ts';

const HOUR_MS = 3_600_000;
const ALERT = PRIVILEGED_POD_DENIED.event.id;

describe('who is let in', async () => {
  const fastify = await consoleWith([PRIVILEGED_POD_DENIED], { loginAttemptsPerMinuteMax: 1000 });
  const session = await sessionOf(fastify);
  const forged = { cookie: session.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) };
  const credentials: Record<string, { headers: Record<string, string>; api: number; page: number }> = {
    nothing: { headers: {}, api: 401, page: 401 },
    'the token as bearer': { headers: BEARER, api: 200, page: 401 },
    'a session': { headers: session, api: 200, page: 200 },
    'another token': { headers: { authorization: 'Bearer wrong' }, api: 401, page: 401 },
    'another token beside a session': {
      headers: { ...session, authorization: 'Bearer wrong' },
      api: 401,
      page: 200,
    },
    'an empty bearer': { headers: { authorization: 'Bearer ' }, api: 401, page: 401 },
    'the token as basic': { headers: { authorization: `Basic ${TOKEN}` }, api: 401, page: 401 },
    'a session with another signature': { headers: forged, api: 401, page: 401 },
    'an unsigned session': { headers: { cookie: 'gatewatch=99999999999999.x' }, api: 401, page: 401 },
    'the token as cookie': { headers: { cookie: `gatewatch=${TOKEN}` }, api: 401, page: 401 },
  };
  for (const [name, { headers, api, page }] of Object.entries(credentials)) {
    it(`${name}: API ${api}, page ${page}`, async () => {
      for (const url of ['/v1/alerts', `/v1/alerts/${ALERT}`, '/v1/alerts/counts', '/v1/alerts?sevrity=x']) {
        const answer = await fastify.inject({ url, headers });
        assert.equal(answer.statusCode, url.includes('sevrity') && api === 200 ? 400 : api, url);
        if (api === 401) {
          assert.match(answer.json().error.code, /^LOGIN_(REQUIRED|FAILED)$/);
          assert.equal(answer.headers['www-authenticate'], 'Bearer realm="gatewatch"');
        }
      }
      for (const url of ['/alerts', `/alerts/${ALERT}`]) {
        const answer = await fastify.inject({ url, headers });
        assert.equal(answer.statusCode, page, url);
        if (page === 401) assert.doesNotMatch(answer.body, /r00t/);
      }
    });
  }

  it('a page without login leads to the login and back', async () => {
    const answer = await fastify.inject(`/alerts?user=%22%3E%3Cb%3E`);
    assert.match(
      answer.body,
      /<meta http-equiv="refresh" content="0; url=\/login\?next=%2Falerts%3Fuser%3D%2522%253E%253Cb%253E">/,
    );
  });

  it('login page, assets and OpenAPI need no login', async () => {
    const page = await fastify.inject('/login');
    assert.equal(page.statusCode, 200);
    for (const [, path] of page.body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
      const asset = await fastify.inject(path!);
      assert.equal(asset.statusCode, 200, path);
      assert.match(String(asset.headers['cache-control']), /immutable/);
    }
    for (const path of ['/assets/none', '/assets/..%2fplugin.ts', '/assets/constructor']) {
      assert.equal((await fastify.inject(path)).statusCode, 404, path);
    }
  });
});

describe('login', () => {
  it('takes the token for a cookie that scripts and other sites do not get', async () => {
    const fastify = await consoleWith([]);
    const answer = await fastify.inject(loginForm({ token: ` ${TOKEN}\n`, next: '/alerts?user=bob' }));
    assert.equal(answer.statusCode, 303);
    assert.equal(answer.headers.location, '/alerts?user=bob');
    const cookie = String(answer.headers['set-cookie']);
    assert.match(cookie, /^gatewatch=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.doesNotMatch(cookie, new RegExp(TOKEN));
  });

  it('ties the cookie to https and the host where it can', async () => {
    const fastify = await consoleWith([], { secureCookie: true });
    const answer = await fastify.inject(loginForm({ token: TOKEN }));
    assert.match(
      String(answer.headers['set-cookie']),
      /^__Host-gatewatch=.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    assert.ok(answer.headers['strict-transport-security']);
    const page = await fastify.inject({ url: '/alerts', headers: await sessionOf(fastify) });
    assert.equal(page.statusCode, 200);
  });

  it('never leads to another site', async () => {
    const fastify = await consoleWith([], { loginAttemptsPerMinuteMax: 1000 });
    for (const next of [
      '//evil.example',
      'https://evil.example',
      '/\\evil.example',
      '/%09/evil.example',
      '/logout',
    ]) {
      const answer = await fastify.inject(loginForm({ token: TOKEN, next }));
      assert.equal(answer.headers.location, '/alerts', next);
      const page = await fastify.inject(`/login?next=${encodeURIComponent(next)}`);
      assert.doesNotMatch(page.body, /evil/, next);
      const session = await sessionOf(fastify);
      const through = await fastify.inject({
        url: `/login?next=${encodeURIComponent(next)}`,
        headers: session,
      });
      assert.equal(through.headers.location, '/alerts', next);
    }
  });

  it('shows the form again for a wrong token', async () => {
    const fastify = await consoleWith([]);
    for (const form of [
      { token: 'wrong' },
      { token: '' },
      {},
      { token: TOKEN.slice(0, -1) },
      { token: `${TOKEN}x` },
    ]) {
      const answer = await fastify.inject(loginForm(form as Record<string, string>));
      assert.equal(answer.statusCode, 401);
      assert.match(answer.body, /role="alert"/);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    const large = await fastify.inject(loginForm({ token: 'x'.repeat(100_000) }));
    assert.ok(large.statusCode >= 400 && large.statusCode < 500);
    const repeated = await fastify.inject({ ...loginForm({}), payload: `token=${TOKEN}&token=x` });
    assert.equal(repeated.statusCode, 401);
  });

  it('is limited per address, also for the right token, and says when to come back', async () => {
    const fastify = await consoleWith([], { loginAttemptsPerMinuteMax: 3 });
    for (let i = 0; i < 3; i++)
      assert.equal((await fastify.inject(loginForm({ token: 'wrong' }))).statusCode, 401);
    const answer = await fastify.inject(loginForm({ token: TOKEN }));
    assert.equal(answer.statusCode, 429);
    assert.match(answer.body, /Too many attempts/);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    assert.equal((await fastify.inject('/login')).statusCode, 200, 'the form itself is not limited');
    const elsewhere = await fastify.inject({ ...loginForm({ token: TOKEN }), remoteAddress: '203.0.113.7' });
    assert.equal(elsewhere.statusCode, 303);
  });

  it('refuses a form that another site made a browser send', async () => {
    const fastify = await consoleWith([], { loginAttemptsPerMinuteMax: 1000 });
    const host = { host: 'console.example:8480' };
    const cases: [Record<string, string>, boolean][] = [
      [{ 'sec-fetch-site': 'same-origin' }, true],
      [{ 'sec-fetch-site': 'cross-site' }, false],
      [{ 'sec-fetch-site': 'same-site' }, false],
      [{ 'sec-fetch-site': 'none' }, false],
      [{ origin: 'http://console.example:8480' }, true],
      [{ origin: 'http://console.example:9999' }, false],
      [{ origin: 'http://evil.example' }, false],
      [{ origin: 'null' }, false],
      [{}, true],
    ];
    for (const [headers, accepted] of cases) {
      const login = await fastify.inject(loginForm({ token: TOKEN }, { ...host, ...headers }));
      assert.equal(login.statusCode, accepted ? 303 : 401, JSON.stringify(headers));
      const session = await sessionOf(fastify);
      const logout = {
        method: 'POST' as const,
        url: '/logout',
        headers: { ...host, ...session, ...headers },
      };
      assert.equal((await fastify.inject(logout)).statusCode, accepted ? 303 : 401, JSON.stringify(headers));
      const still = await fastify.inject({ url: '/alerts', headers: session });
      assert.equal(still.statusCode, accepted ? 401 : 200, 'logged out only by our own form');
    }
  });

  it('ends at its time, at logout, and with the token or the secret', async () => {
    let now = Date.UTC(2026, 10, 22);
    const fastify = await consoleWith([], { now: () => now, sessionHours: 2 });
    const session = await sessionOf(fastify);
    const status = async (server = fastify) =>
      (await server.inject({ url: '/alerts', headers: session })).statusCode;
    now += 2 * HOUR_MS - 1;
    assert.equal(await status(), 200);
    now += 1;
    assert.equal(await status(), 401);
    now -= HOUR_MS;
    assert.equal(await status(await consoleWith([], { now: () => now })), 200, 'a restart ends no session');
    assert.equal(await status(await consoleWith([], { now: () => now, token: `${TOKEN}-new` })), 401);
    const logout = await fastify.inject({ method: 'POST', url: '/logout', headers: session });
    assert.equal(logout.headers.location, '/login');
    assert.match(String(logout.headers['set-cookie']), /^gatewatch=;/);
    assert.equal(await status(), 401, 'also for who kept the cookie');
    assert.equal(
      (await fastify.inject({ url: '/logout', headers: session })).statusCode,
      404,
      'never by GET',
    );
  });

  it('does not start with a token that can be guessed', async () => {
    await assert.rejects(consoleWith([], { token: 'short' }), { code: 'CONFIG_INVALID' });
    assert.equal(typeof consolePlugin, 'function');
  });
});
