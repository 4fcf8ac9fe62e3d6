import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, suite, test } from 'node:test';
import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls';
import { verifiedCertificateName } from '../../../src/credentials/peer.ts';
import { ensureServerTls, issueClientCertificate, type ServerTls } from '../../../src/credentials/tls.ts';

const DAY_MS = 86_400_000;
const root = await mkdtemp(join(tmpdir(), 'gatewatch-tls-'));
after(() => rm(root, { recursive: true }));

let dataDir = '';
let run = 0;
beforeEach(() => {
  dataDir = join(root, String(run++));
});

function namesOf(tls: ServerTls): string {
  return new X509Certificate(tls.cert).subjectAltName ?? '';
}

/** One real handshake: what the server learns of the client, or the error that either side meets. */
async function handshake(tls: ServerTls, client: ConnectionOptions): Promise<string | undefined> {
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false });
  server.listen(0, client.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port, address } = server.address() as AddressInfo;
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
  const socket = connect({ host: address, port, ca: tls.ca, ...client });
  try {
    await once(socket, 'secureConnect');
    const [connection] = await accepted;
    return verifiedCertificateName(connection);
  } finally {
    accepted.catch(() => undefined);
    socket.destroy();
    server.close();
  }
}

suite('certificates: the server', () => {
  test('is trusted by who trusts the authority, under every name', async () => {
    const tls = await ensureServerTls(dataDir, [
      'gw.example.com',
      '[2001:DB8::1]',
      '0.0.0.0',
      '::',
      'bücher',
    ]);
    assert.match(namesOf(tls), /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1, DNS:/);
    assert.match(namesOf(tls), /DNS:gw\.example\.com, IP Address:2001:DB8:0:0:0:0:0:1$/);
    for (const client of [
      {},
      { servername: 'localhost' },
      { servername: 'gw.example.com' },
      { host: '127.0.0.1' },
    ]) {
      assert.equal(await handshake(tls, client), undefined);
    }
    await assert.rejects(handshake(tls, { servername: 'other.example.com' }), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await assert.rejects(handshake(tls, { ca: [] }), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  });

  test('keeps its certificate while it is good', async () => {
    const first = await ensureServerTls(dataDir, ['gw.example.com']);
    assert.deepEqual(await ensureServerTls(dataDir, ['GW.example.com']), first);
    assert.deepEqual(await ensureServerTls(dataDir, []), first);
  });

  test('gets another for a new name, keeping the former names and the authority', async () => {
    const first = await ensureServerTls(dataDir, ['one.example.com']);
    const second = await ensureServerTls(dataDir, ['two.example.com']);
    assert.notEqual(second.cert, first.cert);
    assert.equal(second.ca, first.ca);
    assert.match(namesOf(second), /DNS:one\.example\.com, DNS:two\.example\.com$/);
  });

  test('gets another before it ends, never one that outlives the authority', async () => {
    const first = await ensureServerTls(dataDir, []);
    const before = { nowMs: first.notAfterMs - 31 * DAY_MS };
    assert.equal((await ensureServerTls(dataDir, [], before)).cert, first.cert);
    const near = { nowMs: first.notAfterMs - 29 * DAY_MS };
    const second = await ensureServerTls(dataDir, [], near);
    assert.ok(second.notAfterMs > first.notAfterMs);
    const authorityEnd = new X509Certificate(first.ca).validToDate.getTime();
    const last = await ensureServerTls(dataDir, [], { nowMs: authorityEnd - 40 * DAY_MS });
    assert.equal(last.notAfterMs, authorityEnd);
    await assert.rejects(ensureServerTls(dataDir, [], { nowMs: authorityEnd + 1 }), {
      code: 'CONFIG_INVALID',
    });
  });

  test('gets another when the authority was replaced', async () => {
    const first = await ensureServerTls(dataDir, []);
    await rm(join(dataDir, 'tls', 'ca.crt'));
    await rm(join(dataDir, 'tls', 'ca.key'));
    const second = await ensureServerTls(dataDir, []);
    assert.notEqual(second.ca, first.ca);
    assert.equal(await handshake(second, {}), undefined);
  });

  test('keeps private keys to its owner', async () => {
    await ensureServerTls(dataDir, []);
    const folder = join(dataDir, 'tls');
    assert.deepEqual((await readdir(folder)).sort(), ['ca.crt', 'ca.key', 'server.crt', 'server.key']);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    for (const name of ['ca.key', 'server.key']) {
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
    }
  });

  test('has one authority, however many ask at once', async () => {
    const [one, two, client] = await Promise.all([
      ensureServerTls(dataDir, ['a.example.com']),
      ensureServerTls(dataDir, ['b.example.com']),
      issueClientCertificate(dataDir, 'prod'),
    ]);
    assert.equal(one.ca, two.ca);
    assert.equal(await handshake(two, client), 'gatewatch:prod');
  });

  test('says which file is damaged', async () => {
    await ensureServerTls(dataDir, []);
    for (const name of ['ca.crt', 'ca.key', 'server.crt']) {
      const path = join(dataDir, 'tls', name);
      const content = await readFile(path, 'utf8');
      await writeFile(path, 'damaged');
      await assert.rejects(ensureServerTls(dataDir, []), { code: 'FILE_UNREADABLE', where: path });
      await writeFile(path, content);
    }
    await rm(join(dataDir, 'tls', 'ca.key'));
    await assert.rejects(ensureServerTls(dataDir, []), { code: 'FILE_UNREADABLE' });
  });
});

suite('certificates: the client', () => {
  test('is known by its name', async () => {
    const tls = await ensureServerTls(dataDir, []);
    assert.equal(await handshake(tls, await issueClientCertificate(dataDir, 'prod')), 'gatewatch:prod');
  });

  test('is nobody without a certificate, or with one that has ended or has not begun', async () => {
    const tls = await ensureServerTls(dataDir, []);
    const nowMs = Date.now();
    const ended = await issueClientCertificate(dataDir, 'prod', { days: 1, nowMs: nowMs - 2 * DAY_MS });
    const early = await issueClientCertificate(dataDir, 'prod', { days: 1, nowMs: nowMs + DAY_MS });
    for (const client of [{}, ended, early]) assert.equal(await handshake(tls, client), undefined);
  });

  test('is nobody with a certificate of another authority, or with that of a server', async () => {
    const tls = await ensureServerTls(dataDir, []);
    const foreign = await issueClientCertificate(join(dataDir, 'foreign'), 'prod');
    for (const client of [foreign, { cert: tls.cert, key: tls.key }]) {
      assert.equal(await handshake(tls, client), undefined);
    }
  });
});
