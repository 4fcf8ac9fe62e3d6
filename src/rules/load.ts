import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packageRoot } from '../config/package-root.ts';
import { type Behaviour, planBehaviours } from '../correlate/plan.ts';
import type { RuleFile, RuleSet } from '../detect/sigma/model.ts';
import { parseRules } from '../detect/sigma/parse.ts';
import { RuleIndex } from '../detect/sigma/rule-index.ts';
import { planTargets, type Target } from '../detect/targets.ts';
import { GatewatchError } from '../errors.ts';

/** Ends of the names of files that hold tests of the rules beside them. */
export const TESTS_SUFFIX = '.tests.yml';

const RULE_FILE = /\.ya?ml$/;

/** The word in `detect.rules` that stands for the folder that comes with Gatewatch. */
const SHIPPED = 'shipped';

/** The folder of the rules that come with Gatewatch. */
export function shippedRules(): string {
  return join(packageRoot(), 'rules');
}

/** A rule file on the disk. `name` is relative to the folder it was found in, for messages. */
interface FoundFile extends RuleFile {
  readonly path: string;
}

/**
 * Reads the rule files below the given paths.
 * @throws FILE_UNREADABLE
 */
export async function readRuleFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const path of paths.map((one) => (one === SHIPPED ? shippedRules() : one))) {
    try {
      const isFolder = (await stat(path)).isDirectory();
      const names = isFolder ? (await readdir(path, { recursive: true })).sort() : [''];
      for (const name of names) {
        const file = join(path, name);
        if (isFolder && (!RULE_FILE.test(name) || name.endsWith(TESTS_SUFFIX))) continue;
        files.push({ path: file, name: relative('.', file) || file, text: await readFile(file, 'utf8') });
      }
    } catch (cause) {
      throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: path, cause });
    }
  }
  return files;
}

/** Rules made ready for the stages. */
export interface LoadedRules {
  readonly set: RuleSet;
  readonly index: RuleIndex;
  readonly targets: ReadonlyMap<string, readonly Target[]>;
  behaviours(suppressSeconds: number): ReadonlyMap<string, Behaviour>;
}

/**
 * Compiles rule files, all or none.
 * @throws the first problem, a GatewatchError RULE_*, whose message counts the others
 */
export function compileRules(files: readonly RuleFile[]): LoadedRules {
  const set = parseRules(files);
  const [problem] = set.problems;
  if (problem) {
    const others = set.problems.length - 1;
    const more = others > 0 ? ` (and ${others} more: gatewatch rules check)` : '';
    throw new GatewatchError(problem.code, `${problem.message}${more}`, {
      ...(problem.where ? { where: problem.where } : {}),
    });
  }
  return {
    set,
    index: new RuleIndex(set.rules),
    targets: planTargets(set),
    behaviours: (suppressSeconds) => planBehaviours(set, suppressSeconds),
  };
}

/** @throws FILE_UNREADABLE, RULE_* */
export async function loadRules(paths: readonly string[]): Promise<LoadedRules> {
  return compileRules(await readRuleFiles(paths));
}
