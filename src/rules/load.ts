import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { packageRoot } from '../config/package-root.ts';
import { type Plan, planBehaviours } from '../correlate/plan.ts';
import type { DetectorRules } from '../detect/detector.ts';
import type { Exception, ExceptionSet } from '../detect/exceptions/model.ts';
import { parseExceptions } from '../detect/exceptions/parse.ts';
import { prepareRules } from '../detect/prepare.ts';
import type { Lists, RuleFile, RuleSet } from '../detect/sigma/model.ts';
import { parseRules } from '../detect/sigma/parse.ts';
import { readMappings } from '../detect/sigma/read-mapping.ts';
import { GatewatchError } from '../errors.ts';
import { contentId } from '../record/record.ts';
import { namesBelow } from './files.ts';
import { readLists } from './lists/read.ts';
import { EVERY_RULE, type Selection, selectRules } from './selection.ts';

/** Ends of the names of files that hold tests of the rules beside them. */
export const TESTS_SUFFIX = '.tests.yml';

const RULE_FILE = /\.ya?ml$/;

const HASH_CHARS = 12;

/** The word in `detect.rules` and `detect.mappings` that stands for what comes with Gatewatch. */
const SHIPPED = 'shipped';

/** Name of the folders whose files are mappings of fields, and no rules. */
const MAPPINGS = 'mappings';

/** The folder of the rules that come with Gatewatch. */
export function shippedRules(): string {
  return join(packageRoot(), 'rules');
}

/** A rule file on the disk. `name` is relative to the folder it was found in, for messages. */
interface FoundFile extends RuleFile {
  readonly path: string;
}

/** Paths with the word for what is shipped put in. */
export function resolved(paths: readonly string[], shipped = shippedRules()): string[] {
  return paths.map((path) => (path === SHIPPED ? shipped : path));
}

/**
 * Reads the rule files below the given paths.
 * @throws FILE_UNREADABLE
 */
export function readRuleFiles(paths: readonly string[]): Promise<FoundFile[]> {
  return readYamlFiles(
    resolved(paths),
    (name) => !name.endsWith(TESTS_SUFFIX) && basename(dirname(name)) !== MAPPINGS,
  );
}

/** The files that paths name, and those below folders whose path in them is wanted. */
async function readYamlFiles(
  paths: readonly string[],
  wanted: (name: string) => boolean,
): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const path of paths) {
    try {
      const isFolder = (await stat(path)).isDirectory();
      const names = isFolder ? await namesBelow(path) : [''];
      for (const name of names) {
        const file = join(path, name);
        if (isFolder && !(RULE_FILE.test(name) && wanted(name))) continue;
        files.push({ path: file, name: relative('.', file) || file, text: await readFile(file, 'utf8') });
      }
    } catch (cause) {
      throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: path, cause });
    }
  }
  return files;
}

/** Everything that rules are compiled from. */
export interface RuleSources<File extends RuleFile = RuleFile> {
  readonly files: readonly File[];
  readonly lists: Lists;
  /** What fields of rules for other layouts are called in events. */
  readonly mappings?: readonly RuleFile[];
  readonly exceptions?: readonly RuleFile[];
}

/** Where rules and lists are, and which of the rules are wanted: keys of the configuration's section `detect`. */
export interface RuleSettings extends Partial<Selection> {
  readonly rules: readonly string[];
  /** Paths of list files by the name of the list, which count before those beside the rules. */
  readonly lists?: Readonly<Record<string, string>>;
  /** Paths of mappings, or the word for those that are shipped. */
  readonly mappings?: readonly string[];
  /** Paths of exceptions from the rules. */
  readonly exceptions?: readonly string[];
}

/**
 * Reads the files of rules and of exceptions, and the lists beside the rules. The shipped lists are always there, for rules that are named one by one.
 * @throws FILE_UNREADABLE, LIST_INVALID
 */
export async function readRules({
  rules,
  lists = {},
  mappings = [SHIPPED],
  exceptions = [],
}: RuleSettings): Promise<Required<RuleSources<FoundFile>>> {
  return {
    files: await readRuleFiles(rules),
    lists: await readLists([shippedRules(), ...resolved(rules)], lists),
    mappings: await readYamlFiles(resolved(mappings, join(shippedRules(), MAPPINGS)), () => true),
    exceptions: await readYamlFiles(exceptions, () => true),
  };
}

/** What the files hold, with all that is wrong with them. */
interface ParsedSources {
  readonly set: RuleSet;
  readonly exceptions: ExceptionSet;
}

/** Parses everything. Exceptions are only held against rules that are right: of others they would know half the names. */
export function parseSources({ files, lists, mappings = [], exceptions = [] }: RuleSources): ParsedSources {
  const set = parseRules(files, lists, mappings);
  if (set.problems.length > 0 || exceptions.length === 0) {
    return { set, exceptions: { exceptions: [], problems: [], warnings: [] } };
  }
  // What is wrong with them is among the problems of the rules.
  const named = readMappings(mappings, { problems: [], warnings: [], mapped: [] });
  return { set, exceptions: parseExceptions(exceptions, set, { lists, mappings: named }) };
}

/** Rules made ready for the stages. */
export interface LoadedRules extends DetectorRules {
  readonly sources: RuleSources;
  /** Tells what is loaded from anything else. */
  readonly hash: string;
  /** All rules, also those that are off. */
  readonly set: RuleSet;
  readonly exceptions: readonly Exception[];
  /** The same plan for the same number. */
  behaviours(suppressSeconds: number): Plan;
}

/**
 * Compiles the files of rules and exceptions, all or none.
 * @throws the first problem, a GatewatchError RULE_* or EXCEPTION_INVALID, whose message counts the others
 */
export function compileRules(sources: RuleSources, selection: Selection = EVERY_RULE): LoadedRules {
  const { set, exceptions: read } = parseSources(sources);
  const problems = [...set.problems, ...read.problems];
  const [problem] = problems;
  if (problem) {
    const others = problems.length - 1;
    const command = set.problems.length > 0 ? 'rules' : 'exceptions';
    const more = others > 0 ? ` (and ${others} more: gatewatch ${command} check)` : '';
    throw new GatewatchError(problem.code, `${problem.message}${more}`, {
      ...(problem.where ? { where: problem.where } : {}),
    });
  }
  const { exceptions } = read;
  const selected = selectRules(set, selection);
  const plans = new Map<number, Plan>();
  return {
    sources,
    hash: hashOf(sources, selection),
    set,
    exceptions,
    ...prepareRules(selected, exceptions),
    behaviours(suppressSeconds) {
      const plan = plans.get(suppressSeconds) ?? planBehaviours(selected, suppressSeconds, exceptions);
      plans.set(suppressSeconds, plan);
      return plan;
    },
  };
}

/** Wherever the files are: processes with the same rules give the same. */
function hashOf({ files, lists, mappings = [], exceptions = [] }: RuleSources, selection: Selection): string {
  const texts = [...files, ...mappings, ...exceptions].map(({ text }) => text);
  texts.push(JSON.stringify([...lists]), JSON.stringify(selection));
  return contentId(...texts).slice(0, HASH_CHARS);
}

/** @throws FILE_UNREADABLE, LIST_INVALID, RULE_*, EXCEPTION_INVALID */
export async function loadRules(settings: RuleSettings): Promise<LoadedRules> {
  const { enable = [], disable = [] } = settings;
  return compileRules(await readRules(settings), { enable, disable });
}
