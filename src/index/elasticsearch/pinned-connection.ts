import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { UndiciConnection } from '@elastic/elasticsearch';

type Options = ConstructorParameters<typeof UndiciConnection>[0];

/** Where the HTTP client wants to connect to. */
interface Target {
  readonly hostname: string;
  readonly port: string;
}

type Connected = (...result: [error: null, socket: TLSSocket] | [error: Error, socket: null]) => void;

const CONNECT_MS_MAX = 10_000;

/** Longer chains of certificates are not looked through. */
const CHAIN_MAX = 10;

/**
 * Connections that trust one authority alone, known by its certificate's fingerprint. The certificate is taken from `ca` or from what the
 * server sends, and then everything is verified against it.
 *
 * The client's own `caFingerprint` is not used: with a private authority it needs verification turned off, and then compares the
 * fingerprint of whatever certificate the server sends as its issuer's, without verifying that it is. Anyone can send a copy of that.
 * @param fingerprint SHA-256 in hex
 * @param ca certificates, PEM, in which the authority may be found
 */
export function pinnedConnection(fingerprint: string, ca = ''): typeof UndiciConnection {
  const isPinned = (certificate: X509Certificate): boolean =>
    certificate.fingerprint256.replaceAll(':', '').toLowerCase() === fingerprint.toLowerCase();
  let authority = certificatesIn(ca).find(isPinned);

  async function open({ hostname, port }: Target): Promise<TLSSocket> {
    const target = {
      host: hostname,
      port: Number(port || 443),
      ...(isIP(hostname) ? {} : { servername: hostname }),
      ALPNProtocols: ['http/1.1'],
    };
    authority ??= (await certificatesSent(target)).find(isPinned);
    if (authority === undefined)
      throw new Error('no certificate that the server sends has the fingerprint of ca_fingerprint_sha256');
    return connected({ ...target, ca: authority.toString(), allowPartialTrustChain: true });
  }

  return class PinnedConnection extends UndiciConnection {
    constructor({ tls: _, ...options }: Options) {
      const connect = (target: Target, done: Connected) =>
        open(target).then(
          (socket) => done(null, socket),
          (error: Error) => done(error, null),
        );
      // The client hands its agent's options to undici whole; its types know few of them.
      super({ ...options, agent: { connect } as Options['agent'] & object });
    }
  };
}

async function certificatesSent(target: ConnectionOptions): Promise<X509Certificate[]> {
  // Nothing is sent over this connection, and nothing believed of it: the certificates are compared with the fingerprint.
  const socket = await connected({ ...target, rejectUnauthorized: false });
  const sent: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  for (; next !== undefined && sent.length < CHAIN_MAX; next = next.issuerCertificate) sent.push(next);
  socket.destroy();
  return sent;
}

function connected(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.setNoDelay(true);
    socket.setTimeout(CONNECT_MS_MAX, () => socket.destroy(new Error('connecting took too long')));
    socket.once('error', reject);
  });
}

function certificatesIn(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.map((text) => new X509Certificate(text));
}
