import type { GatewatchError } from '../../errors.ts';
import type { EventTime } from '../../record/time.ts';
import type { Predicate } from '../sigma/item.ts';
import type { RuleWarning } from '../sigma/model.ts';

/** Somebody's decision that certain matches are no alert for a while. */
export interface Exception {
  readonly id: string;
  readonly title: string;
  /** Whom to ask. */
  readonly owner: string;
  readonly reason: string;
  /** Event time from which on it holds; absent: whatever came before it expires. */
  readonly from?: EventTime;
  /** Event time from which on it does not hold any more. */
  readonly expires: EventTime;
  /** Rules and correlations as they are named in the file. */
  readonly rules: readonly string[];
  /** Ids of the rules and correlations from which it takes matches. */
  readonly targets: ReadonlySet<string>;
  /** Of which events it does. */
  readonly matches: Predicate;
  /** `file.yml:12:1`, where it begins. */
  readonly where: string;
}

/** What files of exceptions hold. An exception with a problem is left out. */
export interface ExceptionSet {
  readonly exceptions: readonly Exception[];
  readonly problems: readonly GatewatchError[];
  readonly warnings: readonly RuleWarning[];
}
