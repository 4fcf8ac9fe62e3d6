import type { GatewatchError } from '../errors.ts';
import type { Consumer } from '../log/port.ts';
import type { Patience } from './patience.ts';

/** A stage at work. */
export interface Stage {
  /** `audit-events` belongs to the role `index`. */
  readonly name: 'detect' | 'correlate' | 'index' | 'audit-events';
  readonly consumer: Consumer;
  /** What it is waiting out at the moment; undefined if nothing keeps it. */
  readonly problem: GatewatchError | undefined;
}

/** A consumer as a stage. */
export function stageOf(name: Stage['name'], consumer: Consumer, patience: Patience): Stage {
  return {
    name,
    consumer,
    get problem() {
      return patience.problem ?? consumer.problem;
    },
  };
}
