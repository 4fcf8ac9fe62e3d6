import { styleText } from 'node:util';
import {
  type Coverage,
  type CoverageStatus,
  coverDetections,
  coverTags,
  navigatorLayer,
  readDetections,
} from '../../rules/coverage.ts';
import { compileRules } from '../../rules/load.ts';
import { runRuleTests } from '../../rules/tests.ts';
import type { ConfigOptions } from '../config-options.ts';
import { version } from '../version.ts';
import { EXIT_FINDING, oneOf, print, sourcesOf } from './rules-shared.ts';

export interface CoverageOptions extends ConfigOptions {
  readonly by: string;
  readonly format: string;
}

/** What coverage can be read by, and the tags that say so. */
export const COVERAGE_BY = { detection: '', technique: 'attack.t', owasp: 'owasp.', cis: 'cis.' } as const;

export const COVERAGE_FORMATS = ['text', 'json', 'navigator'] as const;

/** Prints what the rules cover, after running the tests beside them. */
export async function coverage(paths: readonly string[], options: CoverageOptions): Promise<void> {
  const by = oneOf('--by', options.by, Object.keys(COVERAGE_BY) as (keyof typeof COVERAGE_BY)[]);
  const format = oneOf('--format', options.format, COVERAGE_FORMATS);
  const sources = await sourcesOf(paths, options);
  const rules = compileRules(sources);
  const all = [...rules.set.rules, ...rules.set.correlations];
  const results = await runRuleTests(rules, sources.files);
  if (format === 'navigator') {
    const layer = navigatorLayer(coverTags(COVERAGE_BY.technique, all, results), version());
    print(JSON.stringify(layer, null, 2));
    return;
  }
  const table =
    by === 'detection'
      ? coverDetections(await readDetections(), all, results)
      : coverTags(COVERAGE_BY[by], all, results);
  if (format === 'json') print(JSON.stringify(table.map(plain), null, 2));
  else for (const row of table) print(line(row));
  const count = Map.groupBy(table, ({ status }) => status);
  const parts = [...count].map(([status, rows]) => `${rows.length} ${status}`);
  process.stderr.write(`${table.length} by ${by}: ${parts.join(', ')}.\n`);
  if (count.has('failing')) process.exitCode = EXIT_FINDING;
}

function plain({ rules, ...row }: Coverage): object {
  return {
    ...row,
    rules: rules.map(({ rule, passed, failed }) => ({
      id: rule.id,
      name: rule.name,
      title: rule.title,
      level: rule.level,
      file: rule.file,
      tests: { passed, failed },
    })),
  };
}

const COLORS: Readonly<Record<CoverageStatus, 'green' | 'red' | 'gray' | 'yellow'>> = {
  covered: 'green',
  failing: 'red',
  'not visible': 'gray',
  waiting: 'yellow',
};

function line({ id, name, technique = '', status, rules, reason }: Coverage): string {
  const told = rules.map(
    ({ rule, passed, failed }) => `${rule.name ?? rule.title} (${passed}/${passed + failed})`,
  );
  const painted = styleText(COLORS[status], status.padEnd(11), { stream: process.stdout });
  return [id.padEnd(9), technique.padEnd(9), painted, name, '→', reason ?? told.join(', ')]
    .join(' ')
    .trimEnd();
}
