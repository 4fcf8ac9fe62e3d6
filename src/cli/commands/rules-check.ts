import { styleText } from 'node:util';
import { ruleOptions } from '../../detect/rule-options.ts';
import type { RuleMetadata, RuleWarning } from '../../detect/sigma/model.ts';
import { parseRules } from '../../detect/sigma/parse.ts';
import { errorBody, GatewatchError } from '../../errors.ts';
import { findFiles } from '../../receive/files/read.ts';
import { compileRules, type RuleSources } from '../../rules/load.ts';
import { type RuleSurvey, Survey } from '../../rules/survey.ts';
import { type ConfigOptions, configFrom } from '../config-options.ts';
import { readFiles } from '../reading.ts';
import { EXIT_FINDING, oneOf, print, sourcesOf } from './rules-shared.ts';

export const CHECK_FORMATS = ['text', 'json'] as const;

export interface CheckOptions extends ConfigOptions {
  readonly against?: readonly string[];
  readonly format: string;
}

/** What is to be said of the rules. */
interface Findings {
  readonly files: number;
  readonly rules: number;
  readonly correlations: number;
  readonly problems: readonly GatewatchError[];
  readonly warnings: readonly RuleWarning[];
  readonly mapped: readonly RuleWarning[];
  readonly survey?: Survey;
}

/**
 * Prints every problem of the rules with its place and what to do, and what else a person should know: also, of recorded events, which of
 * the rules' fields they have.
 */
export async function check(paths: readonly string[], options: CheckOptions): Promise<void> {
  const format = oneOf('--format', options.format, CHECK_FORMATS);
  const sources = await sourcesOf(paths, options);
  const set = parseRules(sources.files, sources.lists, sources.mappings);
  const { rules, correlations, warnings, mapped } = set;
  const problems = [...set.problems, ...[...rules, ...correlations].flatMap(problemOfOptions)];
  // Rules that are wrong cannot be held against anything.
  const survey = options.against && problems.length === 0 ? await surveyOf(sources, options) : undefined;
  const findings: Findings = {
    files: sources.files.length,
    rules: rules.length,
    correlations: correlations.length,
    problems,
    warnings: [...warnings, ...(survey?.results() ?? []).flatMap(warningsOf)],
    mapped,
    ...(survey && { survey }),
  };
  if (format === 'json') print(JSON.stringify(documentOf(findings), null, 2));
  else printText(findings);
  if (problems.length > 0) process.exitCode = EXIT_FINDING;
}

/** What is wrong with a rule's own attribute `gatewatch`, which Sigma leaves alone. */
function problemOfOptions(rule: RuleMetadata): GatewatchError[] {
  try {
    ruleOptions(rule);
    return [];
  } catch (error) {
    if (error instanceof GatewatchError) return [error];
    throw error;
  }
}

async function surveyOf(sources: RuleSources, options: CheckOptions): Promise<Survey> {
  const { detect, receive, correlate } = configFrom(options);
  const survey = new Survey(compileRules(sources), { ...detect, ...receive, ...correlate });
  const files = await findFiles(options.against ?? []);
  for await (const { records, rejected } of readFiles(files, 'check', receive)) {
    for (const record of records) survey.add(record);
    survey.refused += rejected.length;
  }
  return survey;
}

/** What of a rule no event had. */
function warningsOf({ rule: { id, where }, concerned, fields }: RuleSurvey): RuleWarning[] {
  const never = Object.keys(fields).filter((field) => fields[field] === 0);
  const messages = [
    concerned === 0 ? ['concerns no event: none has what it asks of verb, resource and the like.'] : [],
    never.length > 0 ? [`asks for what no event has: ${never.join(', ')}.`] : [],
  ].flat();
  return messages.map((message) => ({ rule: id, where, message }));
}

function printText({ files, rules, correlations, problems, warnings, mapped, survey }: Findings): void {
  for (const { code, where, message, spec } of problems) {
    print(`${styleText('red', code, { stream: process.stdout })} ${where} ${message} ${spec.remedy}`);
  }
  for (const { where, message } of mapped) print(`mapped ${where} ${message}`);
  for (const { rule, concerned, matched, fields } of survey?.results() ?? []) {
    const seen = Object.entries(fields).map(([field, events]) => `${field} ${events}`);
    print(`seen ${rule.where} concerns ${concerned}, matches ${matched}: ${seen.join(', ')}`);
  }
  for (const { where, message } of warnings) {
    print(`${styleText('yellow', 'warning', { stream: process.stdout })} ${where} ${message}`);
  }
  if (survey) print(`${survey.events} events, ${survey.refused} that are none.`);
  print(
    `${files} files: ${rules} rules and ${correlations} correlations, ${problems.length} problems, ${warnings.length} warnings.`,
  );
}

function documentOf({ problems, survey, ...findings }: Findings): object {
  return {
    ...findings,
    problems: problems.map((problem) => errorBody(problem).error),
    ...(survey && {
      against: {
        events: survey.events,
        refused: survey.refused,
        rules: survey.results().map(({ rule: { id, name, title, where }, ...seen }) => ({
          rule: { id, name, title, where },
          ...seen,
        })),
      },
    }),
  };
}
