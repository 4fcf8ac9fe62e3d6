import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as x509 from '@peculiar/x509';
import { elasticsearchClient } from '../../../../src/index/elasticsearch/client.ts';
import type { ElasticsearchOptions } from '../../../../src/index/elasticsearch/options.ts';
import { checkServer } from '../../../../src/index/elasticsearch/server.ts';
import { optionsFor } from './support.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

interface Certified {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

async function authority(): Promise<Certified> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Elasticsearch HTTP CA',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return { certificate, keys };
}

/** A certificate for this machine that names the authority as its issuer; `signer` signs it. */
async function issued(issuer: Certified, signer = issuer.keys): Promise<Certified> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=node',
    issuer: issuer.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  return { certificate, keys };
}

async function fingerprint({ certificate }: Certified): Promise<string> {
  return Buffer.from(await certificate.getThumbprint('SHA-256')).toString('hex');
}

async function pemKey({ keys }: Certified): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

describe('elasticsearchClient', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatewatch-client-'));
  const servers: Server[] = [];
  const seen: (string | undefined)[] = [];
  let ca: Certified;
  let url: string;

  /** A server that shows this certificate, and after it the authority's. */
  async function serve(shown: Certified): Promise<string> {
    const cert = [shown, ca].map(({ certificate }) => certificate.toString('pem')).join('\n');
    const server = createServer({ cert, key: await pemKey(shown) }, (request, response) => {
      seen.push(request.headers.authorization);
      response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
      response.end('{"nodes":{"a":{"version":"8.19.0"}}}');
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function check(chosen: Partial<ElasticsearchOptions>): Promise<string | undefined> {
    const client = elasticsearchClient(optionsFor('default', chosen));
    try {
      return await checkServer(client);
    } finally {
      await client.close();
    }
  }

  function file(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  before(async () => {
    x509.cryptoProvider.set(webcrypto);
    ca = await authority();
    url = await serve(await issued(ca));
  });
  after(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  it('trusts the authorities of ca_file, and nobody else', async () => {
    const ca_file = file('ca.pem', ca.certificate.toString('pem'));
    const other = file('other.pem', (await authority()).certificate.toString('pem'));
    assert.equal(await check({ nodes: [url], ca_file }), '8.19.0');
    await assert.rejects(check({ nodes: [url] }), { code: 'STORE_UNAVAILABLE', message: /certificate/ });
    await assert.rejects(check({ nodes: [url], ca_file: other }), { code: 'STORE_UNAVAILABLE' });
  });

  it('trusts the one authority with the fingerprint, sent by the server or found in ca_file', async () => {
    const pin = await fingerprint(ca);
    assert.equal(await check({ nodes: [url], ca_fingerprint_sha256: pin }), '8.19.0');
    assert.equal(await check({ nodes: [url], ca_fingerprint_sha256: pin.toUpperCase() }), '8.19.0');
    const ca_file = file('ca.pem', ca.certificate.toString('pem'));
    assert.equal(await check({ nodes: [url], ca_fingerprint_sha256: pin, ca_file }), '8.19.0');
    await assert.rejects(check({ nodes: [url], ca_fingerprint_sha256: 'ab'.repeat(32) }), {
      code: 'STORE_UNAVAILABLE',
      message: /fingerprint/,
    });
  });

  it('does not trust a certificate that only names the authority and comes with a copy of its certificate', async () => {
    const stranger = await newKeys();
    const forged = await serve(await issued(ca, stranger));
    await assert.rejects(check({ nodes: [forged], ca_fingerprint_sha256: await fingerprint(ca) }), {
      code: 'STORE_UNAVAILABLE',
      message: /signature|verify/,
    });
  });

  it('does not send the credentials to a server under another name', async () => {
    const named = url.replace('127.0.0.1', 'localhost');
    seen.length = 0;
    const password_file = file('password', 'secret\n');
    const credentials = {
      username: 'gatewatch',
      password_file,
      ca_fingerprint_sha256: await fingerprint(ca),
    };
    await assert.rejects(check({ nodes: [named], ...credentials }), { code: 'STORE_UNAVAILABLE' });
    assert.deepEqual(seen, []);
    await check({ nodes: [url], ...credentials });
    assert.deepEqual(seen, [`Basic ${Buffer.from('gatewatch:secret').toString('base64')}`]);
  });

  it('sends an API key in its encoded form', async () => {
    seen.length = 0;
    const api_key_file = file('key', ' aWQ6a2V5\n');
    await check({ nodes: [url], api_key_file, ca_fingerprint_sha256: await fingerprint(ca) });
    assert.deepEqual(seen, ['ApiKey aWQ6a2V5']);
  });

  it('names a file that it cannot read', () => {
    const missing = join(folder, 'missing');
    for (const chosen of [
      { ca_file: missing },
      { api_key_file: missing },
      { username: 'gatewatch', password_file: missing },
    ]) {
      assert.throws(() => elasticsearchClient(optionsFor('default', { nodes: [url], ...chosen })), {
        code: 'FILE_UNREADABLE',
        where: missing,
      });
    }
  });

  it('reaches Elastic Cloud by its id', async () => {
    const cloud_id = `deployment:${Buffer.from('example.org$cluster$kibana').toString('base64')}`;
    const client = elasticsearchClient(optionsFor('default', { cloud_id }));
    assert.equal(client.connectionPool.connections[0]?.url.host, 'cluster.example.org');
    await client.close();
  });
});
