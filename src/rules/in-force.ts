import { GatewatchError } from '../errors.ts';
import { fingerprint } from './fingerprint.ts';
import {
  compileRules,
  type LoadedRules,
  loadRules,
  parseSources,
  type RuleSettings,
  type RuleSources,
  readRules,
} from './load.ts';

/** What a look at the files came to. `refused`: they cannot be put in force. */
export type Look = 'unchanged' | 'changed' | 'refused';

/** The rules that are in force, with the exceptions from them, kept up with the files that they are read from: with all of them or none. */
export class RulesInForce {
  readonly #settings: RuleSettings;
  #current: LoadedRules;
  #problems: readonly GatewatchError[] = [];
  /** Fingerprints of the files as they were judged, and as they were at the last look. */
  #judged: string;
  #seen: string;
  #looking: Promise<unknown> = Promise.resolve();

  private constructor(settings: RuleSettings, current: LoadedRules, seen: string) {
    this.#settings = settings;
    this.#current = current;
    this.#judged = seen;
    this.#seen = seen;
  }

  /** @throws FILE_UNREADABLE, LIST_INVALID, RULE_*, EXCEPTION_INVALID */
  static async load(settings: RuleSettings): Promise<RulesInForce> {
    const seen = await fingerprint(settings);
    return new RulesInForce(settings, await loadRules(settings), seen);
  }

  get current(): LoadedRules {
    return this.#current;
  }

  /** Why the files as they are now are not in force; empty if they are. */
  get problems(): readonly GatewatchError[] {
    return this.#problems;
  }

  /**
   * Looks at the files, and puts them in force if they have changed.
   * @param asked for by a person, who knows that they are as they are to be; otherwise they are taken once two looks have found the same,
   * because whoever writes them may not be done
   */
  look(asked = false): Promise<Look> {
    const look = this.#looking.then(() => this.#look(asked));
    this.#looking = look;
    return look;
  }

  async #look(asked: boolean): Promise<Look> {
    const now = await fingerprint(this.#settings);
    const isStill = now === this.#seen;
    this.#seen = now;
    if (!asked && (!isStill || now === this.#judged)) return 'unchanged';
    const judged = await judge(this.#settings);
    // Written to while they were read: the next look finds out.
    if (!asked && (await fingerprint(this.#settings)) !== now) return 'unchanged';
    this.#judged = now;
    const before = this.#problems;
    this.#problems = judged.problems;
    if (!judged.rules) return 'refused';
    if (judged.rules.hash === this.#current.hash) return before.length > 0 ? 'changed' : 'unchanged';
    this.#current = judged.rules;
    return 'changed';
  }
}

/** The rules as they are in the files, or all that is wrong with them. */
async function judge(
  settings: RuleSettings,
): Promise<{ rules?: LoadedRules; problems: readonly GatewatchError[] }> {
  const { enable = [], disable = [] } = settings;
  let sources: RuleSources | undefined;
  try {
    sources = await readRules(settings);
    return { rules: compileRules(sources, { enable, disable }), problems: [] };
  } catch (thrown) {
    const parsed = sources && parseSources(sources);
    const problems = parsed ? [...parsed.set.problems, ...parsed.exceptions.problems] : [];
    return { problems: problems.length > 0 ? problems : [errorOf(thrown)] };
  }
}

function errorOf(thrown: unknown): GatewatchError {
  if (thrown instanceof GatewatchError) return thrown;
  return new GatewatchError('INTERNAL', `The rules could not be compiled: ${String(thrown)}.`, {
    cause: thrown,
  });
}
