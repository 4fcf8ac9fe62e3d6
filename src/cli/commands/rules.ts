import { styleText } from 'node:util';
import type { Command } from 'commander';
import { compileRules } from '../../rules/load.ts';
import { runRuleTests } from '../../rules/tests.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import { CHECK_FORMATS, type CheckOptions, check } from './rules-check.ts';
import { COVERAGE_BY, COVERAGE_FORMATS, type CoverageOptions, coverage } from './rules-coverage.ts';
import { LIST_FORMATS, type ListOptions, list } from './rules-list.ts';
import { EXIT_FINDING, print, sourcesOf } from './rules-shared.ts';

/** Adds `gatewatch rules check|test|list|coverage`. */
export function addRulesCommand(program: Command): void {
  const rules = program.command('rules').description('check, test and list detection rules');
  addConfigOptions(rules.command('check'))
    .description(
      'parse and compile rules; every problem with file, line, column and remedy, every rule that can never match',
    )
    .argument('[path...]', 'rule files or folders (default: detect.rules)')
    .option('--against <path...>', 'files or folders of events: tell which fields of the rules they have')
    .option('--format <format>', CHECK_FORMATS.join(', '), 'text')
    .action((paths: string[], options: CheckOptions) => check(paths, options));
  addConfigOptions(rules.command('test'))
    .description('run the tests that lie beside each rule')
    .argument('[path...]', 'rule files or folders (default: detect.rules)')
    .action((paths: string[], options: ConfigOptions) => test(paths, options));
  addConfigOptions(rules.command('list'))
    .description('list the rules: level, detection id, kind, title; all that they say with --format json')
    .argument('[path...]', 'rule files or folders (default: detect.rules)')
    .option('--format <format>', LIST_FORMATS.join(', '), 'text')
    .action((paths: string[], options: ListOptions) => list(paths, options));
  addConfigOptions(rules.command('coverage'))
    .description('run the tests and print which detections, techniques or controls the rules cover')
    .argument('[path...]', 'rule files or folders (default: detect.rules)')
    .option('--by <what>', `read by ${Object.keys(COVERAGE_BY).join(', ')}`, 'detection')
    .option('--format <format>', `${COVERAGE_FORMATS.join(', ')} (a layer for ATT&CK Navigator)`, 'text')
    .action((paths: string[], options: CoverageOptions) => coverage(paths, options));
}

async function test(paths: readonly string[], options: ConfigOptions): Promise<void> {
  const sources = await sourcesOf(paths, options);
  const results = await runRuleTests(compileRules(sources), sources.files);
  const failed = results.filter((result) => result.failure !== undefined);
  for (const { where, name, failure } of failed) {
    print(`${styleText('red', 'RULE_TEST_FAILED', { stream: process.stdout })} ${where} ${name}: ${failure}`);
  }
  print(`${results.length - failed.length} passed, ${failed.length} failed`);
  if (failed.length > 0) process.exitCode = EXIT_FINDING;
}
