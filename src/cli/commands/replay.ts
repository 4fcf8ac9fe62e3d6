import type { Command } from 'commander';
import type { Stages } from '../../app.ts';
import { flag } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { supersedes, takesAway } from '../../correlate/group.ts';
import { detectionsOf } from '../../detect/rule-options.ts';
import { GatewatchError } from '../../errors.ts';
import { signalFromEntry } from '../../log/codec.ts';
import { findFiles } from '../../receive/files/read.ts';
import type { Alert } from '../../record/alert.ts';
import type { Signal } from '../../record/signal.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';
import { type Change, changesBetween } from '../replay/compare.ts';
import { periodOf } from '../replay/period.ts';
import { type Recorded, replayed } from '../replay/run.ts';
import { filesSource, logSource, type Source } from '../replay/sources.ts';
import { visible } from '../visible.ts';
import { oneOf, print } from './rules-shared.ts';

const FORMATS = ['ndjson', 'text'] as const;

interface ReplayOptions extends ConfigOptions {
  readonly format: string;
  readonly cluster?: string;
  readonly log?: true;
  readonly rules?: string;
  readonly signals?: true;
  readonly from?: string;
  readonly to?: string;
  readonly compare?: readonly string[];
}

/** Adds `gatewatch replay`. */
export function addReplayCommand(program: Command): void {
  addConfigOptions(program.command('replay'))
    .description(
      'run recorded audit events, admission reviews and decisions through the very same stages, and print the alerts',
    )
    .argument(
      '[path...]',
      'files or folders: JSON lines, EventLists, AdmissionReviews, what clouds store of them, documents of policy engines; plain or .gz',
    )
    .option('--format <format>', 'ndjson (one document a line) or text (one sentence a line)', 'text')
    .option('--log', 'instead of files what the log of the configuration still holds')
    .option(
      '--cluster <name>',
      'cluster that the events of files belong to (default: replay), or the one wanted of the log',
    )
    .option('--rules <folder>', 'rules instead of the shipped ones')
    .option(
      '--from <time>',
      'only alerts since then, event time; what came before is read for what it teaches',
    )
    .option('--to <time>', 'only events before then')
    .option(
      '--compare <rules...>',
      'two folders of rules, or `shipped`: print what the second adds, removes and changes',
    )
    .option('--signals', 'print the matches of single rules instead of alerts')
    .action((paths: string[], options: ReplayOptions) => replay(paths, options));
}

async function replay(paths: readonly string[], options: ReplayOptions): Promise<void> {
  const format = oneOf('--format', options.format, FORMATS);
  const rules = comparedRules(options);
  const period = periodOf(options);
  const recorded = { source: await sourceOf(paths, options), period };
  if (rules) await printChanges(recorded, rules, options, format);
  else if (options.signals) await printSignals(recorded, configWith(options, options.rules));
  else await printAlerts(recorded, configWith(options, options.rules), format);
}

async function sourceOf(paths: readonly string[], options: ReplayOptions): Promise<Source> {
  const { log, cluster } = options;
  if (paths.length > 0 === (log === true)) {
    throw new GatewatchError('USAGE_INVALID', 'Name files or folders, or give --log.', { where: 'PATH…' });
  }
  const config = configFrom(options);
  return log ? logSource(config, cluster) : filesSource(await findFiles(paths), cluster ?? 'replay', config);
}

function comparedRules({ compare, rules, signals }: ReplayOptions): readonly [string, string] | undefined {
  if (!compare) return undefined;
  const [before, after, ...others] = compare;
  if (before === undefined || after === undefined || others.length > 0 || rules || signals) {
    const what =
      'Name two folders of rules, neither --rules nor --signals beside them: PATH… --compare BEFORE AFTER.';
    throw new GatewatchError('USAGE_INVALID', what, { where: '--compare' });
  }
  return [before, after];
}

function configWith(options: ReplayOptions, rules: string | undefined): Config {
  return configFrom(options, rules === undefined ? [] : [flag('--rules', 'detect.rules', [rules])]);
}

async function printAlerts(recorded: Recorded, config: Config, format: string): Promise<void> {
  await replayed(recorded, config, note, nothing, async ({ alerts, summary }) => {
    let count = 0;
    let excepted = 0;
    for await (const alert of alerts()) {
      print(format === 'ndjson' ? JSON.stringify(alert) : textLine(alert));
      count++;
      if (alert.gatewatch.exception) excepted++;
    }
    note(`${summary}: ${count} alerts${excepted > 0 ? `, ${excepted} of them closed by exceptions` : ''}.`);
  });
}

async function printChanges(
  recorded: Recorded,
  rules: readonly [string, string],
  options: ReplayOptions,
  format: string,
): Promise<void> {
  const [before, after] = [await alertsWith(rules[0]), await alertsWith(rules[1])];
  const changes = changesBetween(before, after);
  for (const change of changes) print(format === 'ndjson' ? JSON.stringify(change) : changeLine(change));
  const count = (kind: Change['change']) => changes.filter(({ change }) => change === kind).length;
  note(
    `${before.size} alerts with ${rules[0]}, ${after.size} with ${rules[1]}: ` +
      `${count('added')} added, ${count('removed')} removed, ${count('changed')} changed.`,
  );

  function alertsWith(folder: string): Promise<Map<string, Alert>> {
    return replayed(recorded, configWith(options, folder), note, nothing, async ({ alerts, summary }) => {
      const byId = new Map<string, Alert>();
      for await (const alert of alerts()) byId.set(alert.event.id, alert);
      note(`${folder}: ${summary}.`);
      return byId;
    });
  }
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

function changeLine({ change, alert, fields }: Change): string {
  return `${SIGNS[change]} ${textLine(alert)}${fields ? ` (${fields.join(', ')})` : ''}`;
}

function textLine(alert: Alert): string {
  const id = alert.gatewatch.detection_id ? ` ${alert.gatewatch.detection_id}` : '';
  return `${alert['@timestamp']} ${alert.gatewatch.level.toUpperCase()}${id} ${alert.rule.name}: ${visible(alert.message)}`;
}

async function printSignals(recorded: Recorded, config: Config): Promise<void> {
  await replayed(recorded, config, note, collectSignals, async ({ stages, summary }, signals) => {
    await signals.drained();
    for (const signal of signals.all()) print(JSON.stringify(signalLine(signal, stages)));
    note(`${summary}: ${signals.all().length} signals.`);
  });
}

/** Collects what rules matched, each match once, as its last stage left it. */
async function collectSignals(stages: Stages) {
  const latest = new Map<string, Signal>();
  const consumer = await stages.log.consume('signals', 'replay', {
    async process({ entries }) {
      for (const entry of entries) {
        const signal = signalFromEntry(entry);
        const known = latest.get(signal.id);
        // What is for correlations is told where the rule gives alerts of its own.
        if ((signal.excepted ?? signal).target !== signal.rule) continue;
        if (signal.withdrawn) {
          if (known && takesAway(signal, known)) latest.delete(signal.id);
        } else if (!known || supersedes(signal, known)) latest.set(signal.id, signal);
      }
      return undefined;
    },
  });
  return { drained: () => consumer.drained(), all: () => [...latest.values()] };
}

function signalLine({ rule, admission, evidence, excepted }: Signal, stages: Stages): object {
  const { id, title, level, tags } = stages.rules.set.rules.find((one) => one.id === rule)!;
  const [detection] = detectionsOf(tags);
  return {
    rule: { id, name: title, level },
    gatewatch: {
      ...(detection ? { detection_id: detection } : {}),
      outcome: admission.outcome,
      ...(excepted ? { exception: { id: excepted.by } } : {}),
      evidence: [
        { audit_id: evidence.audit_id ?? evidence.record_id, stage: evidence.stage, time: evidence.time },
      ],
    },
  };
}

async function nothing(): Promise<undefined> {}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
