import { styleText } from 'node:util';
import type { Command } from 'commander';
import { flag } from '../../config/load.ts';
import { ROLES } from '../../config/schema.ts';
import { GatewatchError } from '../../errors.ts';
import { type Served, serve } from '../../serve/serve.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';
import { playDemo } from '../demo/demo.ts';
import { version } from '../version.ts';

interface ServeOptions extends ConfigOptions {
  readonly demo: boolean;
  readonly role?: string;
}

/** How long a graceful stop may take before a second signal is no longer needed, milliseconds. */
const STOP_MS_MAX = 20_000;

/** Adds `gatewatch serve`. */
export function addServeCommand(program: Command): void {
  addConfigOptions(program.command('serve'))
    .description(
      'receive, detect, correlate and index, with the console; everything in one process, or roles of it on Kafka',
    )
    .option(
      '--role <roles>',
      `what this process does, of ${ROLES.join(', ')} (with commas); roles in the configuration`,
    )
    .option(
      '--demo',
      "post a real recording through Gatewatch's own door, so that there are alerts to look at",
      false,
    )
    .option('--no-demo', 'start without it')
    .action((options: ServeOptions) => run(options));
}

async function run(options: ServeOptions): Promise<void> {
  const roles = options.role?.split(',').map((role) => role.trim());
  const config = configFrom(options, roles ? [flag('--role', 'roles', roles)] : []);
  if (options.demo && !config.roles.includes('receive')) {
    throw new GatewatchError(
      'USAGE_INVALID',
      'The demonstration is posted to the role receive, which is not among the roles.',
      {
        where: '--demo',
      },
    );
  }
  let served: Served | undefined;
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1); // asked twice
    stopping = true;
    if (!served) process.exit(0); // nothing has been taken yet
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    served.close().then(
      () => process.exit(0),
      (error) => {
        say(String(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // In a terminal it means that the terminal has gone.
  if (!process.stdin.isTTY) process.on('SIGHUP', () => served?.reloadRules());
  served = await serve(config, version());

  const { url, consoleToken, httpsPort } = served;
  const { kafka, data_dir } = config;
  const state = kafka.brokers.length > 0 ? `on Kafka (${kafka.brokers.join(', ')})` : `in ${data_dir}`;
  say(`${bold('Gatewatch')} ${version()} is running (${config.roles.join(', ')}); its state is ${state}.`);
  say('');
  if (consoleToken === undefined) say(`  Health       ${bold(`${url}/readyz`)}`);
  else {
    say(`  Console      ${bold(url)}`);
    // Where somebody keeps it himself it need not be in the log too.
    const { token_file } = config.console;
    say(`  Login token  ${token_file === undefined ? consoleToken : `in ${token_file}`}`);
  }
  if (httpsPort !== undefined) {
    say('');
    say('  Connect a cluster, here called prod, at an address of this machine that its API server reaches:');
    say(`    1. npm run --silent gatewatch -- setup prod --address ADDRESS:${httpsPort}`);
    say(
      '    2. scp gatewatch-prod/audit-* CONTROL-PLANE:/etc/kubernetes/gatewatch/   (then set the flags that gatewatch-prod/README.txt lists)',
    );
    say('    3. kubectl apply -f gatewatch-prod/observer.yaml');
    if (config.https.host === '127.0.0.1') {
      say(`  Clusters are heard on this machine only until you start with --set https.host=0.0.0.0.`);
    }
  }
  say('');
  if (options.demo) await playDemo(config, served, say);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}
