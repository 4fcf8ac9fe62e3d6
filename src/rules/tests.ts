import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { Correlator } from '../correlate/correlator.ts';
import { type Plan, planBehaviours } from '../correlate/plan.ts';
import { Detector, type DetectorRules } from '../detect/detector.ts';
import { prepareRules } from '../detect/prepare.ts';
import { LEVELS, type Lists } from '../detect/sigma/model.ts';
import { GatewatchError } from '../errors.ts';
import { parseDocument as parseEvents } from '../receive/files/parse.ts';
import type { GatewatchFields } from '../record/alert.ts';
import { compileRules, type LoadedRules, TESTS_SUFFIX } from './load.ts';

/** Aliases in one file of tests, counted with those inside them; many tests share a few events. */
const ALIASES_MAX = 100_000;

/** Sigma has no tests; these lie beside a rule, in `<rule file>.tests.yml`. docs/rules.md shows the form. */
const testSchema = z.strictObject({
  name: z.string().min(1),
  /** `match`: at least one alert (for a rule without alerts of its own, one match). */
  expect: z.enum(['match', 'no match']),
  /** Number of alerts, where it matters. */
  alerts: z.int().min(1).optional(),
  /** `gatewatch.outcome` of every alert. */
  outcome: z.string().optional(),
  /** Level of every alert. */
  level: z.enum(LEVELS).optional(),
  /** `gatewatch.count` of the alerts, in order. */
  counts: z.array(z.int()).optional(),
  /** A file of JSON lines, relative to the test file. */
  file: z.string().optional(),
  /** Events as YAML. Anchors, aliases and merge keys (`<<`) keep them short. */
  events: z.array(z.record(z.string(), z.unknown())).optional(),
});

const fileSchema = z.object({
  tests: z.array(testSchema).min(1),
  /** Values of placeholders, in the place of the loaded ones. */
  lists: z.record(z.string(), z.array(z.string())).optional(),
});

type RuleTest = z.output<typeof testSchema>;

/** One test's result. */
export interface TestResult {
  readonly rule: string;
  readonly name: string;
  /** `file.tests.yml:12:5`. */
  readonly where: string;
  /** What does not hold; absent if the test passed. */
  readonly failure?: string;
}

/** How long alerts count repeats whose rules do not say. */
const SUPPRESS_SECONDS = 3600;

const LIMITS = {
  namespaces_max: 1000,
  objects_bytes_max: 16_777_216,
  object_bytes_max: 65_536,
  recent_bytes_max: 16_777_216,
  facts_text_chars_max: 2048,
  event_time_ahead_seconds_max: Number.MAX_SAFE_INTEGER / 1e7,
  lateness_seconds: Number.MAX_SAFE_INTEGER,
  lateness_review_seconds: Number.MAX_SAFE_INTEGER,
  groups_max: 10_000,
  signals_per_group_max: 10_000,
  baseline_groups_max: 10_000,
  baseline_values_per_group_max: 10_000,
  evidence_max: 20,
  batch_items_max: 20_000,
  item_bytes_max: 8_388_608,
  json_depth_max: 200,
};

/** Rules as tests look at them: correlations that only others refer to are heard as well. */
interface HeardRules extends DetectorRules {
  readonly plan: Plan;
  /** Ids of rules that give no alerts of their own. */
  readonly silent: ReadonlySet<string>;
}

function heard({ set }: LoadedRules): HeardRules {
  const silent = new Set(set.rules.map(({ id }) => id).filter((id) => set.silent.has(id)));
  const all = { ...set, silent };
  return { ...prepareRules(all), silent, plan: planBehaviours(all, SUPPRESS_SECONDS) };
}

/** Alerts that one run of events gave, by rule id. */
interface Run {
  readonly matches: ReadonlySet<string>;
  readonly alerts: ReadonlyMap<string, readonly Pick<GatewatchFields, 'outcome' | 'level' | 'count'>[]>;
}

/**
 * Runs the tests beside each rule file, each over fresh stages with all rules loaded.
 * @throws FILE_UNREADABLE, RULE_NOT_YAML, RULE_INVALID for a test file that is not one
 */
export async function runRuleTests(
  rules: LoadedRules,
  files: readonly { path: string; name: string }[],
): Promise<TestResult[]> {
  const results: TestResult[] = [];
  const all = [...rules.set.rules, ...rules.set.correlations];
  const asLoaded = heard(rules);
  for (const { path, name } of files) {
    const inFile = all.filter((rule) => rule.file === name);
    const testsName = name.replace(/\.ya?ml$/, TESTS_SUFFIX);
    const text = await readFile(path.replace(/\.ya?ml$/, TESTS_SUFFIX), 'utf8').catch(() => undefined);
    if (text === undefined) {
      for (const rule of inFile)
        results.push({ rule: rule.id, name: rule.title, where: name, failure: 'it has no tests beside it' });
      continue;
    }
    const { tests, lists } = parseTests(text, testsName);
    const { sources } = rules;
    const withLists = lists
      ? heard(compileRules({ ...sources, lists: new Map([...sources.lists, ...lists]) }))
      : asLoaded;
    for (const { test, where } of tests) {
      const run = await attempt(async () => runEvents(withLists, await eventsOf(test, path, where)));
      for (const { id } of inFile) {
        const failure = typeof run === 'string' ? run : judge(test, run, id, asLoaded.silent.has(id));
        results.push({ rule: id, name: test.name, where, ...(failure ? { failure } : {}) });
      }
    }
  }
  return results;
}

/** The run, or in words why its events cannot be run. */
async function attempt(run: () => Promise<Run>): Promise<Run | string> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof GatewatchError) return error.explain();
    throw error;
  }
}

interface ParsedTests {
  readonly tests: readonly { readonly test: RuleTest; readonly where: string }[];
  readonly lists: Lists | undefined;
}

function parseTests(text: string, name: string): ParsedTests {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new GatewatchError('RULE_NOT_YAML', error.message, { where: `${name}:${line}:${col}` });
  }
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: ALIASES_MAX }));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new GatewatchError('RULE_INVALID', `${issue.path.join('.')}: ${issue.message}`, { where: name });
  }
  const nodes = isMap(document.contents) ? document.contents.get('tests') : undefined;
  const { lists } = parsed.data;
  const tests = parsed.data.tests.map((test, index) => {
    const node = isSeq(nodes) ? nodes.items[index] : undefined;
    const offset = (node as { range?: [number, number, number] } | undefined)?.range?.[0] ?? 0;
    const { line, col } = lines.linePos(offset);
    return { test, where: `${name}:${line}:${col}` };
  });
  return { tests, lists: lists && new Map(Object.entries(lists)) };
}

async function eventsOf(test: RuleTest, path: string, where: string): Promise<Buffer[]> {
  const inline = (test.events ?? []).map((event) => Buffer.from(JSON.stringify(event)));
  if (test.file === undefined) return inline;
  const file = join(dirname(path), test.file);
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new GatewatchError('FILE_UNREADABLE', `${cause.message}.`, { where, cause });
  });
  return [
    ...text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Buffer.from(line)),
    ...inline,
  ];
}

function runEvents(rules: HeardRules, events: readonly Buffer[]): Run {
  const detector = new Detector(rules, LIMITS);
  const correlator = new Correlator(rules.plan, LIMITS, () => {});
  /** Rules by match. */
  const matches = new Map<string, string>();
  let offset = 0;
  for (const bytes of events) {
    // Later than any review is noted to have been received.
    const origin = { cluster: 'test', receivedMs: Date.UTC(2100, 0, 1) + offset };
    const parsed = parseEvents(bytes, origin, LIMITS, 'event');
    const [rejection] = parsed.rejected;
    if (rejection)
      throw new GatewatchError('RULE_INVALID', `${rejection.code}: ${rejection.what}`, {
        where: rejection.where,
      });
    for (const record of parsed.records) {
      for (const signal of detector.detect(record).signals) {
        if (signal.withdrawn) matches.delete(signal.id);
        else matches.set(signal.id, signal.rule);
        correlator.add(signal, offset++);
      }
    }
  }
  const alerts = Map.groupBy(correlator.take(), ({ alert }) => alert.rule.id);
  const told = [...alerts].map(
    ([rule, spoken]) => [rule, spoken.map(({ alert }) => alert.gatewatch)] as const,
  );
  return { matches: new Set(matches.values()), alerts: new Map(told) };
}

function judge(test: RuleTest, run: Run, id: string, silent: boolean): string | undefined {
  const alerts = run.alerts.get(id) ?? [];
  const matched = silent ? run.matches.has(id) : alerts.length > 0;
  if (test.expect === 'no match') return matched ? 'it matched and must not' : undefined;
  if (!matched) return 'it must match and did not';
  if (test.alerts !== undefined && alerts.length !== test.alerts)
    return `${alerts.length} alerts, expected ${test.alerts}`;
  for (const key of ['outcome', 'level'] as const) {
    const found = alerts.map((alert) => alert[key]);
    if (test[key] !== undefined && found.some((value) => value !== test[key]))
      return `${key} ${found.join(', ')}, expected ${test[key]}`;
  }
  const counts = alerts.map(({ count }) => count).join(', ');
  if (test.counts !== undefined && counts !== test.counts.join(', '))
    return `counts ${counts}, expected ${test.counts.join(', ')}`;
  return undefined;
}
