import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

export type TokenKind = 'audit' | 'admission' | 'decision' | 'console';

/** A new 256-bit token. Its prefix lets people and secret scanners see what it is. */
export function generateToken(kind: TokenKind): string {
  return `gw_${kind}_${randomBytes(32).toString('base64url')}`;
}

/**
 * What is kept of a token: its SHA-256 in hex. A fast hash is enough, because a token is 256 random bits and not
 * something a person chose.
 */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Whether the token has the digest; takes the same time wherever they differ. */
export function tokenMatches(token: string, digest: string): boolean {
  const expected = Buffer.from(digest, 'hex');
  return expected.length === 32 && timingSafeEqual(hash('sha256', token, 'buffer'), expected);
}
