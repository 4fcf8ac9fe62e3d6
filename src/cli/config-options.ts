import type { Command } from 'commander';
import type { Setting } from '../config/layer.ts';
import { flag, loadConfig, parseSet } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

/** What the options of `addConfigOptions` come out as. */
export interface ConfigOptions {
  readonly config?: string;
  readonly dataDir?: string;
  readonly set: readonly Setting[];
}

/** Gives a command the options by which every command is configured. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (default: gatewatch.yaml, if there is one)')
    .option('--data-dir <folder>', 'folder for all state; short for --set data_dir=FOLDER')
    .option(
      '--set <key=value>',
      'set one key of the configuration, for example http.port=9000; may be repeated',
      (argument: string, before: readonly Setting[]) => [...before, parseSet(argument)],
      [],
    );
}

/**
 * The configuration that the options, the environment and the file amount to.
 * @param more settings from flags of the command's own; they win over `--set`.
 */
export function configFrom(options: ConfigOptions, more: readonly Setting[] = []): Config {
  const dataDir = options.dataDir === undefined ? [] : [flag('--data-dir', 'data_dir', options.dataDir)];
  return loadConfig({
    file: options.config,
    env: process.env,
    overrides: [...options.set, ...dataDir, ...more],
  });
}
