import { styleText } from 'node:util';
import type { Command } from 'commander';
import { detectionOf } from '../../correlate/alert.ts';
import type { RuleMetadata } from '../../detect/sigma/model.ts';
import { parseRules } from '../../detect/sigma/parse.ts';
import { compileRules, readRuleFiles } from '../../rules/load.ts';
import { runRuleTests } from '../../rules/tests.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';

const EXIT_FINDING = 1;

/** Adds `gatewatch rules check|test|list`. */
export function addRulesCommand(program: Command): void {
  const rules = program.command('rules').description('check, test and list detection rules');
  addConfigOptions(rules.command('check'))
    .description(
      'parse and compile rules; every problem with file, line and column, every rule that can never match',
    )
    .argument('[path...]', 'rule files or folders (default: detect.rules)')
    .action((paths: string[], options: ConfigOptions) => check(paths, options));
  addConfigOptions(rules.command('test'))
    .description('run the tests that lie beside each rule')
    .argument('[path...]', 'rule files or folders (default: detect.rules)')
    .action((paths: string[], options: ConfigOptions) => test(paths, options));
  addConfigOptions(rules.command('list'))
    .description('list the rules: level, detection id, kind, title')
    .argument('[path...]', 'rule files or folders (default: detect.rules)')
    .action((paths: string[], options: ConfigOptions) => list(paths, options));
}

async function filesOf(paths: readonly string[], options: ConfigOptions) {
  return readRuleFiles(paths.length > 0 ? paths : configFrom(options).detect.rules);
}

async function check(paths: readonly string[], options: ConfigOptions): Promise<void> {
  const files = await filesOf(paths, options);
  const set = parseRules(files);
  for (const problem of set.problems)
    print(`${paint('red', problem.code)} ${problem.where ?? ''} ${problem.message}`);
  for (const { where, message } of set.warnings) print(`${paint('yellow', 'warning')} ${where} ${message}`);
  if (set.problems.length === 0) compileRules(files);
  const { rules, correlations, problems, warnings } = set;
  print(
    `${files.length} files: ${rules.length} rules and ${correlations.length} correlations, ${problems.length} problems, ${warnings.length} warnings.`,
  );
  if (problems.length > 0) process.exitCode = EXIT_FINDING;
}

async function test(paths: readonly string[], options: ConfigOptions): Promise<void> {
  const files = await filesOf(paths, options);
  const results = await runRuleTests(compileRules(files), files);
  const failed = results.filter((result) => result.failure !== undefined);
  for (const { where, name, failure } of failed)
    print(`${paint('red', 'RULE_TEST_FAILED')} ${where} ${name}: ${failure}`);
  print(`${results.length - failed.length} passed, ${failed.length} failed`);
  if (failed.length > 0) process.exitCode = EXIT_FINDING;
}

async function list(paths: readonly string[], options: ConfigOptions): Promise<void> {
  const { set } = compileRules(await filesOf(paths, options));
  const rows = [
    ...set.rules.map((rule) => row(rule, set.silent.has(rule.id) ? 'part of a sequence' : 'single')),
    ...set.correlations.map((rule) => row(rule, rule.type)),
  ];
  for (const line of rows.sort()) print(line);
}

function row(rule: RuleMetadata, kind: string): string {
  return [
    rule.level.padEnd(13),
    (detectionOf(rule.tags) ?? '').padEnd(5),
    kind.padEnd(18),
    rule.title,
    `(${rule.file})`,
  ].join(' ');
}

function paint(color: 'red' | 'yellow', text: string): string {
  return styleText(color, text, { stream: process.stdout });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
