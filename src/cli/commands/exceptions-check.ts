import { styleText } from 'node:util';
import type { Exception } from '../../detect/exceptions/model.ts';
import { daysLeft, stateOf } from '../../detect/exceptions/state.ts';
import type { RuleWarning } from '../../detect/sigma/model.ts';
import { errorBody } from '../../errors.ts';
import { formatEventTime } from '../../record/time.ts';
import { parseSources } from '../../rules/load.ts';
import { EXCEPTIONS_FORMATS, type ExceptionsOptions, sourcesOf } from './exceptions-shared.ts';
import { EXIT_FINDING, oneOf, print } from './rules-shared.ts';

/** Prints every problem of the exceptions, and of the rules that they are from, with its place and what to do; and which a person should see to. */
export async function check(paths: readonly string[], options: ExceptionsOptions): Promise<void> {
  const format = oneOf('--format', options.format, EXCEPTIONS_FORMATS);
  const sources = await sourcesOf(paths, options);
  const { set, exceptions: read } = parseSources(sources);
  const problems = [...set.problems, ...read.problems];
  const now = Date.now() * 1000;
  const warnings = [
    ...read.warnings,
    ...read.exceptions.flatMap((exception) => warningOf(exception, now) ?? []),
  ];
  const files = sources.exceptions.length;
  const count = read.exceptions.length;
  if (format === 'json') {
    const told = problems.map((problem) => errorBody(problem).error);
    const warned = warnings.map(({ rule: exception, ...said }) => ({ exception, ...said }));
    print(JSON.stringify({ files, exceptions: count, problems: told, warnings: warned }, null, 2));
  } else {
    for (const { code, where, message, spec } of problems) {
      print(`${styleText('red', code, { stream: process.stdout })} ${where} ${message} ${spec.remedy}`);
    }
    for (const { where, message } of warnings) {
      print(`${styleText('yellow', 'warning', { stream: process.stdout })} ${where} ${message}`);
    }
    print(`${files} files: ${count} exceptions, ${problems.length} problems, ${warnings.length} warnings.`);
  }
  if (problems.length > 0) process.exitCode = EXIT_FINDING;
}

/** That it is over, or soon will be. */
function warningOf(exception: Exception, now: number): RuleWarning | undefined {
  const { id, owner, expires, where } = exception;
  const state = stateOf(exception, now);
  if (state === 'active' || state === 'not-yet') return undefined;
  const end = formatEventTime(expires).slice(0, 'YYYY-MM-DDThh:mm:ss'.length);
  const days = daysLeft(exception, now);
  const message =
    state === 'expired'
      ? `has expired (${end}Z) and takes away nothing that happens now. Take it out, or have ${owner} decide anew.`
      : `expires in ${days} ${days === 1 ? 'day' : 'days'} (${end}Z). Have ${owner} decide whether it is still needed.`;
  return { rule: id, where, message };
}
