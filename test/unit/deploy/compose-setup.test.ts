import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { parse } from 'yaml';
import { makeAccounts } from '../../../deploy/compose/accounts.ts';
import { patiently } from '../../../deploy/compose/http.ts';
import { importSavedObjects } from '../../../deploy/compose/saved-objects.ts';
import { makeSecrets, READERS, shown } from '../../../deploy/compose/secrets.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { alertsAlias } from '../../../src/index/elasticsearch/names.ts';
import { neededPrivileges } from '../../../src/index/elasticsearch/privileges.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewatch-compose-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => readFileSync(join(folder, name), 'utf8');

suite('the secrets of docker compose', () => {
  test('are made once, each for itself', () => {
    const made = makeSecrets(folder, () => {});
    assert.equal(new Set(Object.values(made)).size, Object.keys(made).length);
    for (const secret of Object.values(made)) assert.match(secret, /^[\w-]{43,}$/);
    assert.deepEqual(
      makeSecrets(folder, () => {}),
      made,
    );
  });

  test('stay as they are when another is added', () => {
    const { consoleToken, ...others } = makeSecrets(folder, () => {});
    rmSync(join(folder, 'made.json'));
    writeFileSync(join(folder, 'made.json'), JSON.stringify(others));
    const made = makeSecrets(folder, () => {});
    assert.deepEqual({ ...made, consoleToken }, { ...others, consoleToken });
    assert.notEqual(made.consoleToken, consoleToken);
    assert.equal(file('gatewatch/console-token'), made.consoleToken);
  });

  test('are given to the one user that reads them', () => {
    const owners: Record<string, number> = {};
    makeSecrets(folder, (path, uid) => {
      owners[path.slice(folder.length + 1).replace(/\.new$/, '')] = uid;
    });
    assert.equal(statSync(join(folder, 'made.json')).mode & 0o777, 0o400);
    for (const [path, uid] of Object.entries(owners)) {
      assert.equal(statSync(join(folder, path)).mode & 0o777, 0o400, path);
      assert.equal(uid, READERS[path.split('/')[0] as keyof typeof READERS], path);
    }
    assert.equal(file('setup/gatewatch-password'), file('gatewatch/elasticsearch-password'));
    assert.equal(file('setup/grafana-password'), file('grafana/elasticsearch-password'));
    assert.equal(file('setup/elastic-password'), file('elasticsearch/elastic-password'));
    const kibana = parse(file('kibana/kibana.yml'));
    assert.equal(kibana['elasticsearch.password'], file('setup/kibana-system-password'));
    // Kibana refuses shorter keys.
    assert.ok(kibana['xpack.encryptedSavedObjects.encryptionKey'].length >= 32);
  });

  test('tell people what they log in with, and nothing else', () => {
    const made = makeSecrets(folder, () => {});
    const text = shown(made);
    for (const [name, secret] of Object.entries(made)) {
      assert.equal(text.includes(secret), ['consoleToken', 'elastic', 'grafanaAdmin'].includes(name), name);
    }
  });
});

interface Asked {
  readonly what: string;
  readonly authorization: string;
  readonly body: string;
}

/** A server that notes what it is asked. */
async function noting(
  answer: (what: string) => { status: number; body: object },
): Promise<{ url: string; asked: Asked[]; close(): void }> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const what = `${request.method} ${request.url}`;
    const body = (await request.toArray()).join('');
    asked.push({ what, authorization: request.headers.authorization ?? '', body });
    const { status, body: given } = answer(what);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(given));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

suite('setting up what docker compose has started', () => {
  test('makes the users of Elasticsearch, with what each needs', async () => {
    const secrets = makeSecrets(folder, () => {});
    const needed = neededPrivileges(configSchema.parse({}).elasticsearch) as Parameters<
      typeof makeAccounts
    >[2];
    const server = await noting(() => ({ status: 200, body: {} }));
    try {
      await makeAccounts(server.url, join(folder, 'setup'), needed);
    } finally {
      server.close();
    }
    const login = Buffer.from(`elastic:${secrets.elastic}`).toString('base64');
    for (const { authorization } of server.asked) assert.equal(authorization, `Basic ${login}`);
    const bodyOf = (what: string) => JSON.parse(server.asked.find((one) => one.what === what)!.body);
    assert.deepEqual(bodyOf('PUT /_security/user/kibana_system/_password'), {
      password: secrets.kibanaSystem,
    });
    const roles = Object.keys(needed).map((part) => `gatewatch-${part}`);
    assert.deepEqual(bodyOf('PUT /_security/user/gatewatch'), { password: secrets.gatewatch, roles });
    for (const [part, privileges] of Object.entries(needed)) {
      assert.deepEqual(bodyOf(`PUT /_security/role/gatewatch-${part}`), privileges);
    }
    const { roles: grafana } = bodyOf('PUT /_security/user/grafana');
    const { indices } = bodyOf(`PUT /_security/role/${grafana[0]}`);
    const readable = indices[0].names.map((name: string) => name.replace('*', 'default'));
    assert.ok(readable.includes(alertsAlias('default')));
    assert.deepEqual(indices[0].privileges, ['read', 'view_index_metadata']);
  });

  test('imports all saved objects into Kibana, and says which were refused', async () => {
    writeFileSync(join(folder, 'one.ndjson'), '{"type":"index-pattern"}\n');
    writeFileSync(join(folder, 'notes.md'), '');
    let success = true;
    const server = await noting((what) => ({
      status: 200,
      body: what.includes('_import') ? { success, errors: ['conflict'] } : {},
    }));
    const kibana = { url: server.url, username: 'elastic', password: 'x' };
    try {
      assert.deepEqual(await importSavedObjects(kibana, folder), ['one.ndjson']);
      const { what, body } = server.asked.at(-1)!;
      assert.equal(what, 'POST /api/saved_objects/_import?overwrite=true');
      assert.match(body, /filename="one\.ndjson"[\s\S]*\{"type":"index-pattern"\}/);
      success = false;
      await assert.rejects(importSavedObjects(kibana, folder), /one\.ndjson: \["conflict"\]/);
    } finally {
      server.close();
    }
  });

  test('waits for a server that is not ready, but not for ever', async () => {
    let tries = 0;
    const work = async (): Promise<number> => {
      if (++tries < 3) throw new Error('not yet');
      return tries;
    };
    assert.equal(await patiently(work, { pauseMs: 1 }), 3);
    tries = -10;
    await assert.rejects(patiently(work, { tries: 4, pauseMs: 1 }), /not yet/);
    assert.equal(tries, -6);
  });
});
