import type { Command } from 'commander';
import { ERRORS, GatewatchError } from '../../errors.ts';
import type { DeliveredEntry, Topic } from '../../log/port.ts';
import { parseDocument } from '../../receive/files/parse.ts';
import { store } from '../../receive/store.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';
import { type OpenLog, pagesOf, withLog } from '../log-access.ts';
import { visible } from '../visible.ts';

const EXIT_FINDING = 1;

interface RetryOptions extends ConfigOptions {
  readonly all?: true;
  readonly code?: string;
}

/** Adds `gatewatch dead-letters list|show|retry`. */
export function addDeadLettersCommand(program: Command): void {
  const command = program
    .command('dead-letters')
    .description('look at what could not be taken, and why; put it back');
  addConfigOptions(command.command('list'))
    .description('one line each: number, time, code, cluster, bytes, place and reason')
    .action((options: ConfigOptions) => list(options));
  addConfigOptions(command.command('show'))
    .description('the reason to standard error, the bytes as they are to standard output')
    .argument('<number>', 'number in the list')
    .action((number: string, options: ConfigOptions) => show(number, options));
  addConfigOptions(command.command('retry'))
    .description(
      'put dead letters through again, under the limits and by the version of now; what is still refused stays and is named',
    )
    .argument('[number...]', 'numbers in the list')
    .option('--all', 'all of them')
    .option('--code <code>', 'all with this error code')
    .action((numbers: string[], options: RetryOptions) => retry(numbers, options));
}

async function list(options: ConfigOptions): Promise<void> {
  await withLog(configFrom(options), async (log) => {
    for await (const { offset, value, headers } of lettersOf(log)) {
      const time = new Date(Number(headers.received)).toISOString();
      const { code, cluster, where, what } = headers;
      print(`${offset} ${time} ${code} ${cluster} ${value.length} bytes ${visible(where)}: ${visible(what)}`);
    }
  });
}

async function show(number: string, options: ConfigOptions): Promise<void> {
  await withLog(configFrom(options), async (log) => {
    const { value, headers } = await letter(log, number);
    const remedy = ERRORS[headers.code as keyof typeof ERRORS]?.remedy ?? '';
    process.stderr.write(
      `${headers.code} at ${visible(headers.where)}: ${visible(headers.what)} ${remedy}\n`,
    );
    process.stdout.write(value);
  });
}

async function retry(numbers: readonly string[], options: RetryOptions): Promise<void> {
  if (numbers.length === 0 && !options.all && options.code === undefined) {
    throw new GatewatchError(
      'USAGE_INVALID',
      'Name dead letters by their numbers, or give --all or --code CODE.',
    );
  }
  await withLog(configFrom(options), async (log) => {
    let back = 0;
    let refused = 0;
    const chosen =
      numbers.length > 0 ? await Promise.all(numbers.map((number) => letter(log, number))) : lettersOf(log);
    for await (const entry of chosen) {
      if (options.code !== undefined && entry.headers.code !== options.code) continue;
      const reason = await putBack(log, entry, options);
      if (reason === undefined) back++;
      else {
        refused++;
        print(`${entry.offset} ${visible(reason)}`);
      }
    }
    print(`${back} put back, ${refused} still refused.`);
    if (refused > 0) process.exitCode = EXIT_FINDING;
  });
}

/** @returns why the letter is still refused; undefined if it is back on its way. A record that was there before changes nothing. */
async function putBack(
  log: OpenLog,
  { key, value, headers }: DeliveredEntry,
  options: ConfigOptions,
): Promise<string | undefined> {
  const { code: _code, where, what: _what, topic, ...rest } = headers;
  if (topic !== undefined) {
    // A stage refused it after it had been received: it goes back to that stage as the entry it was.
    await log.append(topic as Topic, [{ key, value, headers: rest }]);
    return undefined;
  }
  const config = configFrom(options);
  const origin = { cluster: headers.cluster ?? '', receivedMs: Number(headers.received) };
  const { records, rejected } = parseDocument(value, origin, config.receive, where ?? '');
  const [rejection] = rejected;
  if (rejection) return `${rejection.code} at ${rejection.where}: ${rejection.what}`;
  await store(log, new Metrics(), origin, 'file', { records, rejected: [] });
  return undefined;
}

async function letter(log: OpenLog, number: string): Promise<DeliveredEntry> {
  const offset = /^\d{1,15}$/.test(number) ? Number(number) : -1;
  const [entry] = offset < 0 ? [] : await log.read('dead-letters', offset, 1);
  if (entry?.offset !== offset) {
    throw new GatewatchError(
      'USAGE_INVALID',
      `There is no dead letter ${number}; dead-letters list has the numbers.`,
    );
  }
  return entry;
}

async function* lettersOf(log: OpenLog): AsyncGenerator<DeliveredEntry> {
  for await (const page of pagesOf(log, 'dead-letters')) yield* page;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
