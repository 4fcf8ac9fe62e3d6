import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureServerTls, issueClientCertificate } from '../../../../src/credentials/tls.ts';
import { type KafkaServer, startKafka } from '../../../servers/kafka.ts';
import { freePort } from '../../../servers/ports.ts';

/** Who may log in with a password. The first may do everything, the second nothing. */
export const USERS = { gatewatch: 'correct horse', nobody: 'battery staple' } as const;

/** A broker that asks who is there, and its ways in. */
export interface GuardedKafka {
  readonly server: KafkaServer;
  /** SASL, all mechanisms, without TLS. */
  readonly sasl: string;
  /** TLS; a certificate of the client is not asked for. */
  readonly tls: string;
  /** TLS; a certificate of the client is required. */
  readonly mutual: string;
  /** No credentials, all rights. */
  readonly open: string;
  /** PEM files: the authority of the broker's certificate, and a client's certificate. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Starts it. @param folder for certificates */
export async function startGuardedKafka(folder: string): Promise<GuardedKafka> {
  const [sasl, tls, mutual, open, controller] = await Promise.all(Array.from({ length: 5 }, freePort));
  const { cert, key, ca } = await ensureServerTls(folder, ['127.0.0.1']);
  const at = (name: string, port: number | undefined) => `${name}://127.0.0.1:${port}`;
  const clients = [at('CLIENT', sasl), at('TLS', tls), at('MUTUAL', mutual), at('BROKER', open)];
  const passwords = Object.entries(USERS).map(([name, password]) => `user_${name}="${password}"`);
  const module = 'org.apache.kafka.common.security';
  const pem = (listener: string) => ({
    [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.keystore.certificate.chain`]: cert,
    [`listener.name.${listener}.ssl.keystore.key`]: key,
    [`listener.name.${listener}.ssl.truststore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.truststore.certificates`]: ca,
  });
  const server = await startKafka({
    scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (mechanism) => `${mechanism}=[name=gatewatch,password=${USERS.gatewatch}]`,
    ),
    properties: {
      listeners: [...clients, at('CONTROLLER', controller)].join(','),
      'advertised.listeners': clients.join(','),
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'listener.security.protocol.map':
        'CLIENT:SASL_PLAINTEXT,TLS:SSL,MUTUAL:SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'listener.name.client.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.client.plain.sasl.jaas.config': `${module}.plain.PlainLoginModule required ${passwords.join(' ')};`,
      'listener.name.client.scram-sha-256.sasl.jaas.config': `${module}.scram.ScramLoginModule required;`,
      'listener.name.client.scram-sha-512.sasl.jaas.config': `${module}.scram.ScramLoginModule required;`,
      'listener.name.client.oauthbearer.sasl.jaas.config': `${module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      ...pem('tls'),
      ...pem('mutual'),
      'listener.name.mutual.ssl.client.auth': 'required',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS;User:gatewatch;User:CN=gatewatch:prod',
    },
  });
  const client = await issueClientCertificate(folder, 'prod');
  const files = {
    ca: join(folder, 'ca.pem'),
    cert: join(folder, 'client.pem'),
    key: join(folder, 'client.key'),
  };
  await Promise.all([
    writeFile(files.ca, ca),
    writeFile(files.cert, client.cert),
    writeFile(files.key, client.key, { mode: 0o600 }),
  ]);
  const address = (port: number | undefined) => `127.0.0.1:${port}`;
  return {
    server,
    sasl: address(sasl),
    tls: address(tls),
    mutual: address(mutual),
    open: address(open),
    files,
  };
}
