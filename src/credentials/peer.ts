import type { TLSSocket } from 'node:tls';

/**
 * Common name of the client certificate of a connection, if TLS has verified it against the trusted authority.
 * Listeners ask for a certificate without insisting (`requestCert`, not `rejectUnauthorized`), because a token is as good.
 */
export function verifiedCertificateName(socket: TLSSocket): string | undefined {
  if (!socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined; // several common names come as a list: ambiguous, so none
}
