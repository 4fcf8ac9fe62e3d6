import { z } from 'zod';
import { clusterName, digest } from './types.ts';

/** One sending cluster and the credentials that speak for it. `clusters.json` holds a list of these too. */
export const clusterSchema = z.strictObject({
  name: clusterName,
  audit_token_sha256: z
    .array(digest)
    .default([])
    .describe('SHA-256 (hex) of each bearer token that may send audit events. The token itself is not kept.'),
  admission_token_sha256: z
    .array(digest)
    .default([])
    .describe('SHA-256 (hex) of each token that may send admission reviews, by path or as bearer token.'),
  decision_token_sha256: z
    .array(digest)
    .default([])
    .describe('SHA-256 (hex) of each bearer token that may send decisions of policy engines.'),
  client_certificate_names: z
    .array(z.string().min(1).max(253))
    .default([])
    .describe(
      'Common names of client certificates, issued by the authority that the https listener trusts, that may send audit events, admission reviews and decisions.',
    ),
});

/** A cluster and its credentials, defaults filled in. */
export type ClusterConfig = z.output<typeof clusterSchema>;
