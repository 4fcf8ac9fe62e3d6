import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { GatewatchError } from '../errors.ts';
import { exclusively, makePrivateFolder, readIfPresent, writeWhole } from './private-files.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 365;
const CLIENT_DAYS = 730;
/** A server certificate is renewed when this much of its life is left. */
const RENEW_DAYS = 30;
/** A certificate is valid from a little before it is made: clocks of other machines may be behind. */
const BACKDATE_MS = 3_600_000;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const USAGES = ['sign', 'verify'] as const satisfies webcrypto.KeyUsage[];

x509.cryptoProvider.set(webcrypto);

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** What the https listener needs. */
export interface ServerTls extends KeyPair {
  /** The authority that issued the certificate and that client certificates are checked against, PEM. */
  readonly ca: string;
  /** When the certificate ends, Unix milliseconds. */
  readonly notAfterMs: number;
}

/** The common name of the client certificates of a cluster. */
export function certificateNameOf(cluster: string): string {
  return `gatewatch:${cluster}`;
}

/** Names under which every server certificate is good. */
export function ownNames(): string[] {
  return ['localhost', '127.0.0.1', '::1', hostname()];
}

/**
 * The server certificate in `<dataDir>/tls`, made or renewed if there is none, if it ends soon, or if it does not
 * cover a name. Names once covered stay covered, so that `setup` may add one for a running server.
 * @param options.nowMs the present, for tests.
 */
export async function ensureServerTls(
  dataDir: string,
  names: readonly string[],
  options: { nowMs?: number } = {},
): Promise<ServerTls> {
  const nowMs = options.nowMs ?? Date.now();
  return exclusively(dataDir, async () => {
    const folder = await tlsFolder(dataDir);
    const authority = await ensureAuthority(folder, nowMs);
    const present = await readPair(folder, 'server');
    const certificate = present && readCertificate(present.cert, join(folder, 'server.crt'));
    const covered =
      certificate && certificate.issuer === authority.certificate.subject ? namesOf(certificate) : [];
    const wanted = [
      ...new Set([...covered, ...[...ownNames(), ...names].map(canonical).filter(certifiable)]),
    ];
    const good =
      certificate !== undefined &&
      wanted.length === covered.length &&
      certificate.notAfter.getTime() - nowMs > RENEW_DAYS * DAY_MS &&
      (await certificate.verify({ publicKey: authority.certificate, signatureOnly: true }));
    if (present && good) {
      return { ...present, ca: authority.cert, notAfterMs: certificate.notAfter.getTime() };
    }
    const issued = await issue(authority, {
      commonName: 'gatewatch',
      names: wanted,
      usage: x509.ExtendedKeyUsage.serverAuth,
      days: SERVER_DAYS,
      nowMs,
    });
    await writePair(folder, 'server', issued);
    return { ...issued, ca: authority.cert, notAfterMs: issued.notAfterMs };
  });
}

/**
 * A new client certificate for a cluster. It is not kept: whoever asks for it passes it on.
 * @param options.days how long it is good for; two years unless told.
 */
export async function issueClientCertificate(
  dataDir: string,
  cluster: string,
  options: { days?: number; nowMs?: number } = {},
): Promise<KeyPair & { notAfterMs: number }> {
  const nowMs = options.nowMs ?? Date.now();
  return exclusively(dataDir, async () => {
    const authority = await ensureAuthority(await tlsFolder(dataDir), nowMs);
    return issue(authority, {
      commonName: certificateNameOf(cluster),
      names: [],
      usage: x509.ExtendedKeyUsage.clientAuth,
      days: options.days ?? CLIENT_DAYS,
      nowMs,
    });
  });
}

interface Authority {
  readonly cert: string;
  readonly certificate: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

async function ensureAuthority(folder: string, nowMs: number): Promise<Authority> {
  let pair = await readPair(folder, 'ca');
  if (!pair) {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, USAGES);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: [{ CN: ['Gatewatch authority'] }],
      keys,
      signingAlgorithm: ALGORITHM,
      ...validity(nowMs, AUTHORITY_DAYS),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    pair = { cert: pemOf(certificate), key: await exportKey(keys.privateKey) };
    await writePair(folder, 'ca', pair);
  }
  const path = join(folder, 'ca.crt');
  const certificate = readCertificate(pair.cert, path);
  if (certificate.notAfter.getTime() <= nowMs) {
    throw new GatewatchError(
      'CONFIG_INVALID',
      `The authority ended on ${certificate.notAfter.toISOString()}: move ${folder} aside and run \`gatewatch setup CLUSTER --rotate\` for every cluster.`,
      { where: path },
    );
  }
  return { cert: pair.cert, certificate, signingKey: await importKey(pair.key, join(folder, 'ca.key')) };
}

interface Request {
  readonly commonName: string;
  readonly names: readonly string[];
  readonly usage: x509.ExtendedKeyUsage;
  readonly days: number;
  readonly nowMs: number;
}

async function issue(authority: Authority, request: Request): Promise<KeyPair & { notAfterMs: number }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, USAGES);
  const { notBefore, notAfter } = validity(request.nowMs, request.days);
  const last = Math.min(notAfter.getTime(), authority.certificate.notAfter.getTime());
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([request.usage]),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
  ];
  if (request.names.length > 0) {
    extensions.push(
      new x509.SubjectAlternativeNameExtension(
        request.names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    );
  }
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [request.commonName] }],
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.signingKey,
    signingAlgorithm: ALGORITHM,
    notBefore,
    notAfter: new Date(last),
    extensions,
  });
  return {
    cert: pemOf(certificate),
    key: await exportKey(keys.privateKey),
    notAfterMs: certificate.notAfter.getTime(),
  };
}

function validity(nowMs: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - BACKDATE_MS), notAfter: new Date(nowMs + days * DAY_MS) };
}

/** One spelling for each name, so that names of a certificate and names asked for can be compared. */
function canonical(name: string): string {
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  // URL parsing compresses IPv6 and lower-cases; X.509 tools spell IPv6 out in yet another way.
  return isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare.toLowerCase();
}

/** Addresses that mean "all interfaces" are nobody's name, and a certificate holds names in ASCII only. */
function certifiable(name: string): boolean {
  return name !== '0.0.0.0' && name !== '::' && /^[!-~]+$/.test(name);
}

function namesOf(certificate: x509.X509Certificate): string[] {
  const extension = certificate.getExtension(x509.SubjectAlternativeNameExtension);
  return (extension?.names.items ?? []).map(({ value }) => canonical(value));
}

async function tlsFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'tls');
  await makePrivateFolder(folder);
  return folder;
}

async function readPair(folder: string, name: string): Promise<KeyPair | undefined> {
  const [cert, key] = await Promise.all([
    readIfPresent(join(folder, `${name}.crt`)),
    readIfPresent(join(folder, `${name}.key`)),
  ]);
  // The key is written first: a certificate without its key was put there, or its key taken away, by someone.
  if (cert !== undefined && key === undefined) {
    throw new GatewatchError('FILE_UNREADABLE', `${name}.crt has no ${name}.key beside it.`, {
      where: folder,
    });
  }
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

async function writePair(folder: string, name: string, { cert, key }: KeyPair): Promise<void> {
  await writeWhole(join(folder, `${name}.key`), key);
  await writeWhole(join(folder, `${name}.crt`), cert, 0o644);
}

function readCertificate(pem: string, where: string): x509.X509Certificate {
  try {
    return new x509.X509Certificate(pem);
  } catch (cause) {
    throw new GatewatchError('FILE_UNREADABLE', 'The file holds no certificate.', { where, cause });
  }
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

async function importKey(pem: string, where: string): Promise<webcrypto.CryptoKey> {
  try {
    const [der] = x509.PemConverter.decode(pem);
    return await webcrypto.subtle.importKey('pkcs8', der!, ALGORITHM, false, ['sign']);
  } catch (cause) {
    throw new GatewatchError('FILE_UNREADABLE', 'The file holds no ECDSA P-256 private key.', {
      where,
      cause,
    });
  }
}
