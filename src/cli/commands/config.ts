import { styleText } from 'node:util';
import type { Command } from 'commander';
import { ConfigError, formatFault } from '../../config/fault.ts';
import { configJsonSchema } from '../../config/schema.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';

const EXIT_INVALID = 2;

/** Adds `gatewatch config check` and `gatewatch config schema`. */
export function addConfigCommand(program: Command): void {
  const config = program.command('config').description('check the configuration, or print its schema');

  addConfigOptions(config.command('check'))
    .description('check file, environment and flags; exits with 0, or with 2 and every fault')
    .action((options: ConfigOptions) => check(options));

  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(() => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}

function check(options: ConfigOptions): void {
  try {
    configFrom(options);
    process.stdout.write('The configuration is valid.\n');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) {
      const code = styleText('red', error.code, { stream: process.stderr });
      process.stderr.write(`${code} ${formatFault(fault)}\n`);
    }
    process.exitCode = EXIT_INVALID;
  }
}
