import { setTimeout as sleep } from 'node:timers/promises';
import { GatewatchError } from '../errors.ts';

/** Pauses before what failed is tried again, milliseconds: twice as long each time, up to the longest. */
const PAUSE_MS_MIN = 250;
const PAUSE_MS_MAX = 15_000;

/** Whether time or an operator may mend it at a running stage; not what an entry itself is to blame for. */
export function mayPass({ code, spec }: GatewatchError): boolean {
  if (code === 'DATABASE_CORRUPT') return false; // waiting would stand still unseen
  return (spec.stage === 'log' || spec.stage === 'index') && spec.status === 503;
}

/** Whether a process that starts waits for it: a server that is away. What is wrong with the configuration is said at once. */
export function isAway({ code }: GatewatchError): boolean {
  return code === 'KAFKA_UNREACHABLE' || code === 'STORE_UNAVAILABLE' || code === 'LOG_UNAVAILABLE';
}

/** Waits out what hinders a stage, for as long as it takes: the log keeps its place meanwhile. */
export class Patience {
  readonly #passes: (error: GatewatchError) => boolean;
  #problem: GatewatchError | undefined;

  constructor(passes: (error: GatewatchError) => boolean = mayPass) {
    this.#passes = passes;
  }

  /** What is being waited out at the moment. */
  get problem(): GatewatchError | undefined {
    return this.#problem;
  }

  /** @param told of each failure that is waited out @throws what no waiting can mend */
  async until<T>(work: () => Promise<T>, told: (error: GatewatchError) => void = () => {}): Promise<T> {
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
      try {
        const result = await work();
        this.#problem = undefined;
        return result;
      } catch (error) {
        if (!(error instanceof GatewatchError && this.#passes(error))) throw error;
        this.#problem = error;
        told(error);
      }
      await sleep(pauseMs);
    }
  }
}
