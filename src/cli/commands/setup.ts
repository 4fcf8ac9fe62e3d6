import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { styleText } from 'node:util';
import type { Command } from 'commander';
import { isLoopback } from '../../config/loopback.ts';
import type { Config } from '../../config/schema.ts';
import { type ClusterConfig, clusterSchema } from '../../config/sections/clusters.ts';
import { addCluster, clustersFile, readClusters } from '../../credentials/clusters-file.ts';
import { makePrivateFolder, writeWhole } from '../../credentials/private-files.ts';
import { certificateNameOf, ensureServerTls, issueClientCertificate } from '../../credentials/tls.ts';
import { generateToken, tokenDigest } from '../../credentials/tokens.ts';
import { GatewatchError } from '../../errors.ts';
import { type Address, parseAddress } from '../address.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';
import { type AuditCredential, clusterFiles } from '../setup-files.ts';

interface SetupOptions extends ConfigOptions {
  readonly address: string;
  readonly out?: string;
  readonly clientCertificate?: true;
  readonly caFile?: string;
  readonly rotate?: true;
  readonly printOnly?: true;
}

/** Adds `gatewatch setup CLUSTER`. */
export function addSetupCommand(program: Command): void {
  addConfigOptions(program.command('setup'))
    .description('register a cluster, and write what its API server needs to send to Gatewatch')
    .argument('<cluster>', 'name for the cluster: lower-case letters, digits and "-"')
    .requiredOption(
      '--address <host[:port]>',
      'where the API server reaches the https listener (default port: https.port)',
    )
    .option('--out <folder>', 'folder to write the files to (default: gatewatch-CLUSTER)')
    .option('--client-certificate', 'audit events authenticate by a client certificate instead of a token')
    .option(
      '--ca-file <pem>',
      'authority of the certificate at the address, if it is not one made by Gatewatch',
    )
    .option('--rotate', 'the cluster is registered: replace its credentials; the former end at once')
    .option('--print-only', 'print the files to standard output instead of writing them')
    .action((cluster: string, options: SetupOptions) => setup(cluster, options));
}

async function setup(cluster: string, options: SetupOptions): Promise<void> {
  const config = configFrom(options);
  const name = clusterSchema.shape.name.safeParse(cluster);
  if (!name.success) {
    throw new GatewatchError('USAGE_INVALID', `A cluster's name ${name.error.issues[0]?.message}.`, {
      where: cluster,
    });
  }
  const address = parseAddress(options.address, config.https.port);
  await refuseKnown(cluster, config, options);

  const audit: AuditCredential = options.clientCertificate
    ? await clientCertificate(cluster, config)
    : { token: generateToken('audit') };
  const admissionToken = generateToken('admission');
  const decisionToken = generateToken('decision');
  const ca = await authorityFor(address, config, options);
  const files = clusterFiles({
    cluster,
    address: address.authority,
    audit,
    admissionToken,
    decisionToken,
    ca,
    httpPort: config.http.port,
  });

  // Files before registration: if writing fails nothing has changed, and the command can be given again.
  const folder = resolve(options.out ?? `gatewatch-${cluster}`);
  if (options.printOnly) {
    for (const { name, content } of files) process.stdout.write(`# ----- ${name} -----\n${content}\n`);
  } else {
    await makePrivateFolder(folder);
    for (const { name, content } of files) await writeWhole(join(folder, name), content);
  }
  await addCluster(config.data_dir, registration(cluster, audit, admissionToken, decisionToken), {
    replace: options.rotate === true,
  });

  note(`${styleText('green', '✔', { stream: process.stderr })} Cluster ${cluster} is registered in`);
  note(`  ${clustersFile(resolve(config.data_dir))}; a running Gatewatch takes it up by itself.`);
  if (!options.printOnly) note(`What to do on the cluster: ${join(folder, 'README.txt')}`);
  for (const warning of warnings(address, config, options)) {
    note(`${styleText('yellow', '!', { stream: process.stderr })} ${warning}`);
  }
}

async function refuseKnown(cluster: string, config: Config, { rotate }: SetupOptions): Promise<void> {
  if (config.clusters.some(({ name }) => name === cluster)) {
    throw new GatewatchError(
      'USAGE_INVALID',
      `Cluster ${cluster} is in the configuration's clusters, where its credentials are kept by hand. Take it out there first.`,
    );
  }
  const registered = (await readClusters(config.data_dir)).some(({ name }) => name === cluster);
  if (registered && !rotate) {
    throw new GatewatchError(
      'USAGE_INVALID',
      `Cluster ${cluster} is registered already. --rotate replaces its credentials; the former end at once.`,
      { where: clustersFile(config.data_dir) },
    );
  }
  if (!registered && rotate) {
    throw new GatewatchError('USAGE_INVALID', `Cluster ${cluster} is not registered: leave --rotate out.`, {
      where: clustersFile(config.data_dir),
    });
  }
}

async function clientCertificate(cluster: string, config: Config): Promise<AuditCredential> {
  if (config.https.client_ca_file !== undefined) {
    throw new GatewatchError(
      'USAGE_INVALID',
      'https.client_ca_file names an authority of your own: only that one can issue client certificates.',
      { where: '--client-certificate' },
    );
  }
  return issueClientCertificate(config.data_dir, cluster);
}

/** What the API server must trust; undefined if that is left to its own list of public authorities. */
async function authorityFor(
  address: Address,
  config: Config,
  { caFile }: SetupOptions,
): Promise<string | undefined> {
  if (caFile !== undefined) return readAuthority(caFile);
  if (!config.https.enabled || config.https.cert_file !== undefined) return undefined;
  return (await ensureServerTls(config.data_dir, [config.https.host, address.host])).ca;
}

async function readAuthority(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: path, cause });
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new GatewatchError('FILE_UNREADABLE', 'The file holds no certificate in PEM.', { where: path });
  }
  return text;
}

function registration(
  cluster: string,
  audit: AuditCredential,
  admissionToken: string,
  decisionToken: string,
): ClusterConfig {
  return {
    name: cluster,
    audit_token_sha256: 'token' in audit ? [tokenDigest(audit.token)] : [],
    admission_token_sha256: [tokenDigest(admissionToken)],
    decision_token_sha256: [tokenDigest(decisionToken)],
    client_certificate_names: 'token' in audit ? [] : [certificateNameOf(cluster)],
  };
}

function* warnings(address: Address, { https }: Config, { caFile }: SetupOptions): Generator<string> {
  if (!https.enabled) {
    yield `https.enabled is false: something else must serve TLS at ${address.authority}.`;
  } else if (isLoopback(https.host) && !isLoopback(address.host)) {
    yield `https.host is ${https.host}, so other machines cannot connect: set it to 0.0.0.0 or to the address of an interface.`;
  }
  if (caFile === undefined && (!https.enabled || https.cert_file !== undefined)) {
    yield `The files name no authority: the certificate at ${address.authority} must be one that the API server trusts anyway. Otherwise give --ca-file.`;
  }
}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
