import { hash, timingSafeEqual } from 'node:crypto';
import type { ClusterConfig } from '../config/sections/clusters.ts';
import { GatewatchError } from '../errors.ts';

/** What a credential may be good for; `decision`: what policy engines say. */
const AUTHENTICATED_INPUTS = ['audit', 'admission', 'decision'] as const;
export type AuthenticatedInput = (typeof AUTHENTICATED_INPUTS)[number];

/** What a request says it is, and what it shows for it. */
export interface Presented {
  /** The cluster named in the path. */
  readonly cluster: string;
  readonly input: AuthenticatedInput;
  /** From `Authorization: Bearer`. */
  readonly bearer?: string | undefined;
  /** From the path: an API server sends a webhook no credentials unless it is told to. */
  readonly pathToken?: string | undefined;
  /** Common name of a client certificate that the TLS layer has verified. */
  readonly certificateName?: string | undefined;
}

/** One thing that gives access, reduced to a digest so that all comparisons are of the same length. */
interface Grant {
  readonly cluster: string;
  readonly input: AuthenticatedInput;
  readonly digest: Buffer;
}

/** Decides whether a sender may speak for a cluster on an input. The credential fixes the cluster: the path alone means nothing. */
export class Authenticator {
  #grants: readonly Grant[] = [];

  constructor(clusters: readonly ClusterConfig[]) {
    this.reload(clusters);
  }

  /** Puts another list of clusters in force, from the next request on. */
  reload(clusters: readonly ClusterConfig[]): void {
    this.#grants = clusters.flatMap(grantsOf);
  }

  /**
   * Returns if one of the credentials shown is good for the cluster and input.
   * @throws GatewatchError CREDENTIAL_WRONG_CLUSTER if one is good elsewhere, otherwise CREDENTIAL_INVALID: whether
   * the cluster named exists cannot be told from the answer.
   */
  check({ cluster, input, bearer, pathToken, certificateName }: Presented): void {
    const shown: Buffer[] = [];
    for (const token of [bearer, pathToken]) if (token) shown.push(digestOf('token', token));
    if (certificateName) shown.push(digestOf('certificate', certificateName));

    // Every grant is compared with everything shown, so the time taken does not tell which one fits.
    let here = 0;
    let anywhere = 0;
    for (const grant of this.#grants) {
      const asked = Number(grant.cluster === cluster && grant.input === input);
      for (const digest of shown) {
        const fits = Number(timingSafeEqual(digest, grant.digest));
        anywhere |= fits;
        here |= fits & asked;
      }
    }
    if (here) return;
    if (anywhere) {
      throw new GatewatchError(
        'CREDENTIAL_WRONG_CLUSTER',
        'The credential is not one for this cluster and input.',
      );
    }
    throw new GatewatchError(
      'CREDENTIAL_INVALID',
      shown.length === 0 ? 'The request carries no credential.' : 'The credential is not known.',
    );
  }
}

function grantsOf(cluster: ClusterConfig): Grant[] {
  const { name, client_certificate_names } = cluster;
  const tokens = (input: AuthenticatedInput, digests: readonly string[]): Grant[] =>
    digests.map((digest) => ({ cluster: name, input, digest: kinded('token', Buffer.from(digest, 'hex')) }));
  return [
    ...tokens('audit', cluster.audit_token_sha256),
    ...tokens('admission', cluster.admission_token_sha256),
    ...tokens('decision', cluster.decision_token_sha256),
    ...client_certificate_names.flatMap((certificate) =>
      AUTHENTICATED_INPUTS.map((input) => ({
        cluster: name,
        input,
        digest: digestOf('certificate', certificate),
      })),
    ),
  ];
}

type Kind = 'token' | 'certificate';

function digestOf(kind: Kind, secret: string): Buffer {
  return kinded(kind, hash('sha256', secret, 'buffer'));
}

/** A certificate's name is public: with its kind in front it can never pass for a token. */
function kinded(kind: Kind, digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(kind === 'token' ? 't' : 'c'), digest]);
}
