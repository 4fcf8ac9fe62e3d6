import { styleText } from 'node:util';
import type { Exception } from '../../detect/exceptions/model.ts';
import { daysLeft, type ExceptionState, stateOf } from '../../detect/exceptions/state.ts';
import type { RuleSet } from '../../detect/sigma/model.ts';
import { formatEventTime } from '../../record/time.ts';
import { compileRules } from '../../rules/load.ts';
import { visible } from '../visible.ts';
import { EXCEPTIONS_FORMATS, type ExceptionsOptions, sourcesOf } from './exceptions-shared.ts';
import { oneOf, print } from './rules-shared.ts';

/** An exception as it stands now. */
interface Entry {
  readonly id: string;
  readonly title: string;
  readonly state: ExceptionState;
  readonly days_left: number;
  readonly owner: string;
  readonly reason: string;
  readonly from?: string;
  readonly expires: string;
  /** As written. */
  readonly rules: readonly string[];
  /** Those from which it takes matches. */
  readonly targets: readonly { readonly id: string; readonly name?: string; readonly title: string }[];
  readonly where: string;
}

/** Prints all exceptions, the next to expire first. */
export async function list(paths: readonly string[], options: ExceptionsOptions): Promise<void> {
  const format = oneOf('--format', options.format, EXCEPTIONS_FORMATS);
  const { set, exceptions } = compileRules(await sourcesOf(paths, options));
  const now = Date.now() * 1000;
  const entries = exceptions
    .toSorted((a, b) => a.expires - b.expires)
    .map((exception) => entryOf(exception, set, now));
  if (format === 'json') print(JSON.stringify(entries, null, 2));
  else for (const entry of entries) print(lineOf(entry));
  if (entries.length === 0)
    process.stderr.write('No exceptions: name files or folders, or set detect.exceptions.\n');
}

function entryOf(exception: Exception, { rules, correlations }: RuleSet, now: number): Entry {
  const { id, title, owner, reason, from, expires, targets, where } = exception;
  return {
    id,
    title,
    state: stateOf(exception, now),
    days_left: daysLeft(exception, now),
    owner,
    reason,
    ...(from !== undefined && { from: formatEventTime(from) }),
    expires: formatEventTime(expires),
    rules: exception.rules,
    targets: [...rules, ...correlations]
      .filter((rule) => targets.has(rule.id))
      .map((rule) => ({
        id: rule.id,
        ...(rule.name !== undefined && { name: rule.name }),
        title: rule.title,
      })),
    where,
  };
}

const COLORS = { 'not-yet': 'gray', active: 'green', ending: 'yellow', expired: 'red' } as const;

function lineOf({ state, days_left, expires, owner, title, rules, where }: Entry): string {
  const painted = styleText(COLORS[state], state.padEnd(7), { stream: process.stdout });
  const left = `${days_left} ${days_left === 1 ? 'day' : 'days'}`.padStart(8);
  const until = expires.slice(0, 'YYYY-MM-DD'.length);
  const said = visible(`until ${until} ${owner}: ${title} [${rules.join(', ')}]`);
  return `${painted} ${left} ${said} (${where})`;
}
