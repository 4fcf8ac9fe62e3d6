import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  alertOf,
  DENIED_RELABELLED_ADMITTED,
  HOSTILE,
  incidentOf,
  NAMESPACE_LOWERED,
  PRIVILEGED_POD_DENIED,
  WEBHOOK_WEAKENED,
} from '../../contract/alert-store-fixtures.ts';
import { BEARER, consoleWith, sessionOf } from './console-under-test.ts';

const ALL = [PRIVILEGED_POD_DENIED, NAMESPACE_LOWERED, DENIED_RELABELLED_ADMITTED, HOSTILE];
const NOW = Date.parse('2026-11-22T14:00:00Z');

describe('pages', async () => {
  const fastify = await consoleWith(ALL, { now: () => NOW });
  const session = await sessionOf(fastify);
  const page = async (url: string) => fastify.inject({ url, headers: session });

  it('allow nothing inline and nothing from elsewhere', async () => {
    for (const url of ['/alerts', `/alerts/${HOSTILE.event.id}`, '/login', '/nowhere', '/v1/alerts']) {
      const { headers, body } = await fastify.inject({
        url,
        headers: { ...session, ...(url.startsWith('/v1') && BEARER) },
      });
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none';style-src 'self';img-src 'self' data:;script-src 'self';connect-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
        url,
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'same-origin');
      assert.equal(headers['cache-control'], 'no-store');
      if (url.startsWith('/v1')) continue;
      assert.doesNotMatch(
        body,
        /<style|style=|<script>|(?:src|href)="https?:(?!\/\/(?:attack\.mitre\.org|example\.com)\/)/,
        url,
      );
    }
  });

  it('show hostile text as text', async () => {
    for (const url of [
      '/alerts',
      `/alerts/${HOSTILE.event.id}`,
      `/alerts?user=${encodeURIComponent('"><script>x</script>')}`,
    ]) {
      const { body, statusCode } = await page(url);
      assert.equal(statusCode, 200);
      assert.doesNotMatch(body, /<img src=x|<script>|\son\w+="document/, url);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      assert.doesNotMatch(body, /[\u0000-\u0009\u000b-\u001f\u202e\u200b]/, url);
    }
    const { body } = await page(`/alerts/${HOSTILE.event.id}`);
    assert.match(body, /&lt;img src=x onerror=&quot;/);
    assert.match(body, /\\u202egnp\.exe\\u0000\\u001b\[2J\\u200b/);
    assert.doesNotMatch(
      body,
      /href="(?!\/|#|https:\/\/(?:attack\.mitre\.org|example\.com)\/)/,
      'no link but http(s) and our own',
    );
    assert.match(body, /<a href="https:\/\/example\.com\/reference" rel="noreferrer">/);
  });

  it('tell what was let through from what perhaps was', async () => {
    const pod = (name: string) => ({ namespace: 'payments', resource: 'pods', name, user: 'bob' });
    const alert = alertOf({
      id: 'a11e57',
      gatewatch: { blast_radius: [pod('got-in')], blast_radius_uncertain: [pod('who-knows')] },
    });
    const other = await consoleWith([alert], { now: () => NOW });
    const { body } = await other.inject({ url: '/alerts/a11e57', headers: await sessionOf(other) });
    const tables = body.split('<pre', 1)[0]!;
    const [, certain = '', perhaps = ''] = tables.split(/<h2>(?:Let through meanwhile|Perhaps let through)/);
    assert.match(certain, /payments\/got-in/);
    assert.doesNotMatch(certain, /who-knows/);
    assert.match(perhaps, /payments\/who-knows/);
    assert.doesNotMatch(perhaps, /got-in/);
    assert.doesNotMatch((await page(`/alerts/${HOSTILE.event.id}`)).body, /let through/i, 'no empty table');
  });

  it('shorten what is long, with all of it in the JSON', async () => {
    const { body } = await page(`/alerts/${HOSTILE.event.id}`);
    assert.match(body, /A… \(\+[\d,]+ characters\)/);
    const json = /<pre tabindex="0"><code>([^<]*)<\/code>/.exec(body)?.[1] ?? '';
    const text = json
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
    assert.deepEqual(JSON.parse(text), HOSTILE);
    assert.ok((await page('/alerts')).body.length < 50_000);
  });

  it('list alerts with words for what colours say', async () => {
    const { body } = await page('/alerts');
    assert.match(body, /<b>1<\/b> <span>critical<\/span>/);
    assert.match(body, /<b>2<\/b> <span>high<\/span>/);
    assert.match(body, /outcome-admitted">admitted</);
    assert.match(body, /outcome-denied">denied</);
    assert.match(body, /4 alerts/);
    for (const alert of ALL) assert.match(body, new RegExp(`href="/alerts/${alert.event.id}"`));
    for (const [, id] of body.matchAll(/<(?:select|input) id="([^"]+)"/g)) {
      assert.match(body, new RegExp(`<label for="${id}"`), `${id} has a label`);
    }
  });

  it('filter, and show by what', async () => {
    const { body } = await page(
      '/alerts?user=bob&severity=critical&severity=high&outcome=admitted&rule=unknown-rule&text=pod',
    );
    assert.match(body, /No alert matches/);
    assert.match(body, /<span class="muted">User<\/span> bob/);
    assert.match(body, /<option value="unknown-rule" selected>/);
    assert.match(body, /name="text" type="search" value="pod"/);
    assert.match(body, /<input type="hidden" name="severity" value="critical">/);
    assert.match(body, /<option selected>admitted<\/option>/);
    assert.match(
      body,
      /tile-high" href="[^"]*severity=critical(?!&amp;severity=high)[^"]*" aria-current="true"/,
    );
    const bob = await page('/alerts?user=bob');
    assert.match(bob.body, /3 alerts/);
    assert.doesNotMatch(bob.body, /mallory/);
  });

  it('count what the severity filter leaves', async () => {
    const { body } = await page('/alerts?severity=high');
    assert.match(body, /2 alerts/);
    assert.match(body, /<b>1<\/b> <span>critical<\/span>/, 'the others can still be chosen');
  });

  it('end a time range now', async () => {
    assert.match((await page('/alerts?range=1h')).body, /4 alerts/);
    const later = await consoleWith(ALL, { now: () => NOW + 2 * 3_600_000 });
    const answer = await later.inject({ url: '/alerts?range=1h', headers: await sessionOf(later) });
    assert.match(answer.body, /0 alerts/);
    assert.match(answer.body, /No alert matches/);
  });

  it('page by links', async () => {
    const first = await page('/alerts?limit=3');
    const next = /href="(\/alerts\?[^"]*cursor=[^"]*)">Next page/
      .exec(first.body)?.[1]
      ?.replaceAll('&amp;', '&');
    assert.ok(next?.includes('limit=3'));
    const second = await page(next ?? '');
    assert.match(second.body, new RegExp(PRIVILEGED_POD_DENIED.event.id));
    assert.match(second.body, /<a href="\/alerts\?limit=3">« First page<\/a>/);
    assert.doesNotMatch(second.body, /Next page/);
  });

  it('tell how to connect a cluster while there is nothing', async () => {
    const empty = await consoleWith([]);
    const answer = await empty.inject({ url: '/alerts', headers: await sessionOf(empty) });
    assert.match(answer.body, /gatewatch setup CLUSTER/);
  });

  it('show everything about one alert', async () => {
    const denied = (await page(`/alerts/${PRIVILEGED_POD_DENIED.event.id}`)).body;
    for (const text of [
      PRIVILEGED_POD_DENIED.message,
      '3 times',
      'PW01',
      'https://attack.mitre.org/techniques/T1611/',
      'platform, system:authenticated',
      '10.40.7.21',
      'kubectl/v1.37.2',
      'pod-security',
      'violates PodSecurity &quot;baseline:latest&quot;',
      'Violates <b>restricted</b>',
      'runAsNonRoot != true',
      '2026-11-22 13:37:31.204417',
      '1f7c2a9e-52b4-4a6b-93a4-8f0f0a1d7c11',
      'and 2 more that are counted and not listed',
      'href="/alerts?user=bob"',
      'href="/alerts?cluster=prod-eu&amp;namespace=payments"',
      `href="/alerts?rule=${PRIVILEGED_POD_DENIED.rule.id}"`,
    ]) {
      assert.ok(denied.includes(text), text);
    }
    const lowered = (await page(`/alerts/${NAMESPACE_LOWERED.event.id}`)).body;
    assert.match(lowered, /<del>baseline<\/del><\/td>\s*<td><ins>privileged<\/ins>/);
    assert.match(lowered, /class="label-removed">.*enforce-version/);
    assert.match(lowered, /check-ignore-label\.gatekeeper\.sh/);
    assert.match(lowered, /labels-before-inferred/);
  });

  it('show what a change of a policy does to protection, and why', async () => {
    const server = await consoleWith([WEBHOOK_WEAKENED]);
    const headers = await sessionOf(server);
    const { body } = await server.inject({ url: `/alerts/${WEBHOOK_WEAKENED.event.id}`, headers });
    assert.match(body, /Protection: <b class="warn">less than before<\/b>/);
    assert.match(body, /<li>webhook validation\.gatekeeper\.sh: failurePolicy Fail → Ignore<\/li>/);
    assert.match(body, /<span class="chip">failure-policy-ignore<\/span>/);
  });

  it('show the exception that closed an alert, with its owner and its end', async () => {
    const exception = {
      id: 'e1',
      title: 'The <b>backup</b>',
      owner: 'platform',
      reason: 'TICKET-1',
      expires: '2027-03-01T00:00:00.000000Z',
    };
    const server = await consoleWith([alertOf({ id: 'x', gatewatch: { status: 'closed', exception } })]);
    const headers = await sessionOf(server);
    const { body } = await server.inject({ url: '/alerts/x', headers });
    assert.match(
      body,
      /Closed by the exception <b>The &lt;b&gt;backup&lt;\/b&gt;<\/b> of platform, until 2027-03-01 00:00:00 UTC: TICKET-1/,
    );
    const list = (await server.inject({ url: '/alerts?status=closed', headers })).body;
    assert.match(list, /href="\/alerts\/x"/);
  });

  it('show the incident of an alert, with the way to its others', async () => {
    const incident = incidentOf('i"1', 30, {
      message: '<b>bob</b> in cluster prod-eu, 30 alerts: first "this"; then \u202ethat.',
      members: [
        { id: 'x', rule: 'Rule x', level: 'high', outcome: 'denied', time: '2026-11-22T13:00:00.000000Z' },
        {
          id: 'y/"',
          rule: '<i>y</i>',
          level: 'low',
          outcome: 'admitted',
          time: '2026-11-22T13:05:00.000000Z',
        },
      ],
    });
    const server = await consoleWith([
      alertOf({ id: 'x', gatewatch: { incident, incident_version: 1 } }),
      alertOf({ id: 'alone' }),
    ]);
    const headers = await sessionOf(server);
    const { body } = await server.inject({ url: '/alerts/x', headers });
    assert.match(
      body,
      /&lt;b&gt;bob&lt;\/b&gt; in cluster prod-eu, 30 alerts: first &quot;this&quot;; then \\u202ethat\./,
    );
    assert.match(body, /<b>Rule x<\/b> <span class="muted">this alert<\/span>/);
    assert.match(body, /<a href="\/alerts\/y%2F%22">&lt;i&gt;y&lt;\/i&gt;<\/a>/);
    assert.match(body, /the first and the last of 30/);
    const all = '/alerts?incident=i%221';
    assert.ok(body.includes(`<a href="${all}">All alerts of this incident</a>`));
    const list = (await server.inject({ url: '/alerts', headers })).body;
    assert.equal(list.split(`<a href="${all}">incident of 30 alerts</a>`).length, 2, 'of one of two alerts');
    const filtered = (await server.inject({ url: all, headers })).body;
    assert.match(filtered, /1 alert</);
    assert.match(filtered, /Incident/);
    assert.doesNotMatch(filtered, /href="\/alerts\/alone"/);
    assert.match(filtered, /<input type="hidden" name="incident" value="i&quot;1">/);
  });

  it('do with an alert that has only what it must', async () => {
    const bare = alertOf({
      id: 'bare',
      gatewatch: { status: 'withdrawn', namespace: { labels_after: { a: 'b' }, changes: [] } },
    });
    const server = await consoleWith([bare, alertOf({ id: 'id/with ?#%' })]);
    const headers = await sessionOf(server);
    const answer = await server.inject({ url: '/alerts/bare', headers });
    assert.equal(answer.statusCode, 200);
    assert.match(answer.body, /was withdrawn/);
    assert.match(answer.body, /labels before the change are not known/);
    const list = (await server.inject({ url: '/alerts', headers })).body;
    const href = /href="(\/alerts\/id[^"]+)"/.exec(list)?.[1] ?? '';
    assert.equal((await server.inject({ url: href, headers })).statusCode, 200);
  });

  it('answer errors with pages', async () => {
    for (const [url, status, text] of [
      ['/alerts?sevrity=high', 400, 'Did you mean &quot;severity&quot;?'],
      ['/alerts/unknown', 404, 'No alert has this id.'],
      ['/nowhere', 404, 'There is nothing at this address.'],
      ['/alerts?cursor=x', 400, 'CURSOR_INVALID'],
    ] as const) {
      const { statusCode, body, headers } = await page(url);
      assert.equal(statusCode, status, url);
      assert.match(String(headers['content-type']), /text\/html/);
      assert.ok(body.includes(text), url);
    }
    assert.equal((await page('/')).headers.location, '/alerts');
  });
});
