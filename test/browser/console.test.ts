import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { consolePlugin } from '../../src/console/plugin.ts';
import { EmbeddedAlertStore } from '../../src/index/embedded/store.ts';
import {
  alertOf,
  DENIED_RELABELLED_ADMITTED,
  HOSTILE,
  NAMESPACE_LOWERED,
  PRIVILEGED_POD_DENIED,
} from '../contract/alert-store-fixtures.ts';
import { chromiumPath, launchChromium } from './chromium.ts';

const TOKEN = 'browser-test-token-Zm9vYmFy';
const executable = chromiumPath();
const skip = executable === undefined && 'no Chromium found: set GATEWATCH_TEST_CHROMIUM to the path of one';

describe('console in Chromium', { skip }, () => {
  const store = new EmbeddedAlertStore(new DatabaseSync(':memory:'));
  let fastify: FastifyInstance;
  let browser: Browser;
  let url: string;

  before(async () => {
    await store.put([PRIVILEGED_POD_DENIED, NAMESPACE_LOWERED, DENIED_RELABELLED_ADMITTED, HOSTILE]);
    fastify = Fastify();
    await fastify.register(consolePlugin, {
      store,
      token: TOKEN,
      sessionHours: 1,
      loginAttemptsPerMinuteMax: 100,
      secureCookie: false,
      version: '0.0.0-test',
    });
    url = await fastify.listen({ host: '127.0.0.1', port: 0 });
    browser = await launchChromium(executable ?? '');
  });
  after(async () => {
    await browser?.close();
    await fastify?.close();
  });

  /** A logged-in page, and everything that the browser complains of while it is used. */
  async function loggedIn(
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    const page = await (await browser.newContext(options)).newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`request to ${request.url()}`);
    });
    await page.goto(`${url}/login`);
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL('**/alerts');
    return { page, complaints };
  }

  for (const javaScriptEnabled of [true, false]) {
    it(`logs in, filters and opens an alert ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
      const { page, complaints } = await loggedIn({ javaScriptEnabled });
      const rows = page.locator('table.alerts tbody tr');
      assert.equal(await rows.count(), 4);

      await page.getByLabel('Search').fill('bob');
      await page.getByLabel('Outcome').selectOption('admitted');
      await page.getByRole('button', { name: 'Filter' }).click();
      await page.waitForURL('**/alerts?*text=bob*');
      assert.equal(await rows.count(), 2);
      await page.getByRole('link', { name: /critical/ }).click();
      await page.waitForURL('**severity=critical**');
      assert.equal(await rows.count(), 1);

      await page.getByRole('link', { name: /was denied the privileged pod r00t/ }).click();
      await page.waitForURL('**/alerts/*');
      assert.match(
        (await page.getByRole('heading', { level: 1 }).textContent()) ?? '',
        /^bob \(platform\) was denied/,
      );
      await page.getByText('Whole document').click();
      assert.deepEqual(
        JSON.parse((await page.locator('.document code').textContent()) ?? ''),
        DENIED_RELABELLED_ADMITTED,
      );
      await page.getByRole('link', { name: 'All alerts of this user' }).click();
      await page.waitForURL('**/alerts?user=bob');
      assert.equal(await rows.count(), 3);

      await page.getByRole('button', { name: 'Log out' }).click();
      await page.waitForURL('**/login');
      await page.goto(`${url}/alerts`);
      await page.waitForURL('**/login?next=**');
      assert.deepEqual(
        complaints.filter((text) => !text.includes('401')),
        [],
      );
      await page.context().close();
    });
  }

  it('runs nothing that a cluster sent', async () => {
    const { page, complaints } = await loggedIn();
    await page.getByRole('link', { name: /mallory tried/ }).click();
    await page.waitForURL('**/alerts/*');
    assert.match(await page.title(), /^Rule <img src=x/, 'the name is text, and did not rename the page');
    assert.equal(await page.locator('img:not([src^="/assets/"]), main script').count(), 0);
    const links = await page
      .locator('a')
      .evaluateAll((all) => all.map((a) => new URL((a as { href: string }).href).protocol));
    assert.deepEqual([...new Set(links)].sort(), ['http:', 'https:']);
    assert.equal(
      await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
      true,
      'nothing overflows',
    );
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('is stopped by its policy if something did slip through', async () => {
    const { page, complaints } = await loggedIn();
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="document.title=1">')`,
    );
    await page.waitForFunction(`document.images[document.images.length - 1].complete`);
    assert.notEqual(await page.title(), '1');
    assert.ok(complaints.some((text) => /Content Security Policy/i.test(text)));
    await page.context().close();
  });

  it('lets who is logged in follow a link from another site', async () => {
    const { page } = await loggedIn();
    const target = `${url}/alerts/${NAMESPACE_LOWERED.event.id}`;
    const other = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<a href="${target}">alert</a>`);
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      // Another name for the same address is another site.
      await page.goto(`http://localhost:${(other.address() as AddressInfo).port}/`);
      await page.getByRole('link', { name: 'alert' }).click();
      await page.getByRole('heading', { level: 1, name: /lowered with kubectl/ }).waitFor();
      assert.equal(page.url(), target);
    } finally {
      other.close();
      await page.context().close();
    }
  });

  it('refreshes the list by itself', async () => {
    const { page, complaints } = await loggedIn();
    await page.clock.install();
    await page.reload();
    await store.put([
      alertOf({ id: 'fresh', message: 'Fresh from the gate.', time: '2026-11-22T15:00:00Z' }),
    ]);
    await page.clock.runFor(31_000);
    await page.getByRole('link', { name: 'Fresh from the gate.' }).waitFor();
    await page.getByText('5 alerts').waitFor();
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('fits a phone', async () => {
    const { page } = await loggedIn({ viewport: { width: 390, height: 844 }, isMobile: true });
    for (const path of [
      '/alerts',
      `/alerts/${HOSTILE.event.id}`,
      `/alerts/${DENIED_RELABELLED_ADMITTED.event.id}`,
    ]) {
      await page.goto(url + path);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= 390'), true, path);
    }
    await page.context().close();
  });
});
