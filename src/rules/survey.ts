import { type DetectLimits, Detector } from '../detect/detector.ts';
import { compileExists } from '../detect/sigma/event.ts';
import type { SigmaRule } from '../detect/sigma/model.ts';
import { referredFields } from '../detect/sigma/modifiers/fieldref.ts';
import { RuleIndex } from '../detect/sigma/rule-index.ts';
import { GatewatchError } from '../errors.ts';
import type { ReceivedRecord } from '../record/record.ts';
import type { LoadedRules } from './load.ts';

/** What events had to say to one rule. */
export interface RuleSurvey {
  readonly rule: SigmaRule;
  /** Events of which all holds that most rules begin with: verb, resource, outcome and the like. */
  readonly concerned: number;
  readonly matched: number;
  /** In how many of all events each field is there that the rule asks for, in the order written. */
  readonly fields: Readonly<Record<string, number>>;
}

/** Holds events against rules to tell which of the rules' fields real events have. */
export class Survey {
  readonly #rules: LoadedRules;
  readonly #index: RuleIndex;
  readonly #detector: Detector;
  readonly #exist: ReadonlyMap<string, ReturnType<typeof compileExists>>;
  readonly #seen = new Map<string, number>();
  readonly #concerned = new Map<SigmaRule, number>();
  readonly #matched = new Map<SigmaRule, number>();
  events = 0;
  /** Records that are no events. */
  refused = 0;

  constructor(rules: LoadedRules, limits: DetectLimits) {
    this.#rules = rules;
    // Its signals are not wanted; what it learns of the past is, since rules ask for that too.
    this.#index = new RuleIndex(rules.set.rules);
    this.#detector = new Detector({ index: this.#index, targets: new Map(), awaited: [] }, limits);
    const fields = rules.set.rules.flatMap(fieldsOf);
    this.#exist = new Map(fields.map((field) => [field, compileExists(field)]));
  }

  add(record: ReceivedRecord): void {
    try {
      const { view } = this.#detector.detect(record);
      for (const [field, exists] of this.#exist) if (exists(view)) count(this.#seen, field);
      for (const rule of this.#index.candidates(view)) count(this.#concerned, rule);
      for (const rule of this.#index.match(view)) count(this.#matched, rule);
      this.events++;
    } catch (error) {
      if (!(error instanceof GatewatchError)) throw error;
      this.refused++;
    }
  }

  /** The rules that can match at all, in the order in which they were loaded. */
  results(): RuleSurvey[] {
    const { rules, off } = this.#rules.set;
    return rules
      .filter(({ id }) => !off.has(id))
      .map((rule) => ({
        rule,
        concerned: this.#concerned.get(rule) ?? 0,
        matched: this.#matched.get(rule) ?? 0,
        fields: Object.fromEntries(fieldsOf(rule).map((field) => [field, this.#seen.get(field) ?? 0])),
      }));
  }
}

/** Fields that a rule asks for; a keyword search asks for none. */
function fieldsOf({ items }: SigmaRule): string[] {
  const fields = items.flatMap((item) => [item.field, ...referredFields(item)]);
  return [...new Set(fields)].filter((field) => field !== '');
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
