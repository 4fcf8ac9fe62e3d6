#!/usr/bin/env node
import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { GatewatchError } from '../errors.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDeadLettersCommand } from './commands/dead-letters.ts';
import { addExceptionsCommand } from './commands/exceptions.ts';
import { addIndexCommand } from './commands/index.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addRulesCommand } from './commands/rules.ts';
import { addServeCommand } from './commands/serve.ts';
import { addSetupCommand } from './commands/setup.ts';
import { addTopicsCommand } from './commands/topics.ts';
import { version } from './version.ts';

/** A finding, or a check that failed. */
const EXIT_FINDING = 1;
/** Usage or configuration. */
const EXIT_USAGE = 2;

/** A command is a file that adds itself; a new one adds its line here. */
const COMMANDS = [
  addServeCommand,
  addReplayCommand,
  addRulesCommand,
  addExceptionsCommand,
  addConfigCommand,
  addSetupCommand,
  addDeadLettersCommand,
  addTopicsCommand,
  addIndexCommand,
];

// A reader that has seen enough (`| head`) is nobody's fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const program = new Command('gatewatch')
  .description('Correlates Kubernetes audit events and admission decisions into alerts for a SIEM.')
  .version(version())
  .exitOverride()
  .showHelpAfterError('(gatewatch --help lists the commands)');
for (const add of COMMANDS) add(program);
// Each command answers its own usage errors; they must end as ours do.
for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  const known = error instanceof GatewatchError;
  const text = known ? error.explain() : `INTERNAL: ${(error as Error).stack ?? String(error)}`;
  process.stderr.write(`${styleText('red', 'error', { stream: process.stderr })} ${text}\n`);
  return known && ['config', 'cli'].includes(error.spec.stage) ? EXIT_USAGE : EXIT_FINDING;
}
