import type { Command } from 'commander';
import { addConfigOptions } from '../config-options.ts';
import { check } from './exceptions-check.ts';
import { list } from './exceptions-list.ts';
import { EXCEPTIONS_FORMATS, type ExceptionsOptions } from './exceptions-shared.ts';

/** Adds `gatewatch exceptions list|check`. */
export function addExceptionsCommand(program: Command): void {
  const exceptions = program.command('exceptions').description('list and check exceptions from rules');
  const paths = 'files or folders of exceptions (default: detect.exceptions)';
  const formats = EXCEPTIONS_FORMATS.join(', ');
  addConfigOptions(exceptions.command('list'))
    .description('list the exceptions, the next to expire first: state, days left, owner, title, rules')
    .argument('[path...]', paths)
    .option('--format <format>', formats, 'text')
    .action((given: string[], options: ExceptionsOptions) => list(given, options));
  addConfigOptions(exceptions.command('check'))
    .description(
      'every problem with file, line, column and remedy; warns of what has expired, ends soon or takes everything',
    )
    .argument('[path...]', paths)
    .option('--format <format>', formats, 'text')
    .action((given: string[], options: ExceptionsOptions) => check(given, options));
}
