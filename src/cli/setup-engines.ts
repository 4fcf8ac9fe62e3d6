import type { ClusterAccess } from './setup-files.ts';

type DecisionAccess = Pick<ClusterAccess, 'address' | 'cluster' | 'ca'>;

/**
 * The part of OPA's configuration that sends its decisions (open-policy-agent/opa docs, configuration: services, decision_logs). Uploads
 * wait for five to ten minutes by default; here for five seconds at most.
 */
export function opaConfig({ address, cluster, ca }: DecisionAccess): string {
  const tls = ca === undefined ? '' : '\n    tls:\n      ca_cert: /etc/gatewatch/ca.crt';
  return `# What the OPA of ${cluster} needs to send its decisions: merge it into OPA's configuration, and mount the files that it names.
services:
  gatewatch:
    url: https://${address}/v1/opa/${cluster}
    credentials:
      bearer:
        token_path: /etc/gatewatch/decisions.token${tls}
decision_logs:
  service: gatewatch
  reporting:
    min_delay_seconds: 1
    max_delay_seconds: 5
`;
}

/** How the other engines' decisions get to Gatewatch, for the README of a cluster. */
export function shippersReadme({ address, cluster }: DecisionAccess): string {
  return `5. Optional: what policy engines decide. Senders authenticate with the token in decisions.token.

   OPA         opa-config.yaml sends its decision log.
   Gatekeeper  Start it with --log-denies; a log shipper posts the lines of the webhook's log, as they are, to
               https://${address}/v1/gatekeeper/${cluster}
   Kyverno     An exporter of Kubernetes Events posts them as JSON, or a log shipper the lines of its log (-v=2), to
               https://${address}/v1/kyverno/${cluster}
   Kubewarden  An OpenTelemetry collector posts the policy server's traces (otlphttp, encoding json) to
               https://${address}/v1/kubewarden/${cluster}
`;
}
