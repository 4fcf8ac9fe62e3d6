import type { AlertCount, AlertReader } from '../../index/port.ts';

/** Counting every alert takes a while in a large store, and what there is to choose from hardly changes. */
const REUSED_MS = 30_000;

interface Values {
  readonly cluster: readonly AlertCount[];
  readonly namespace: readonly AlertCount[];
  readonly rule: readonly AlertCount[];
}

/** The values that the list's filters offer, looked up at most every 30 seconds. */
export class Choices {
  readonly #store: AlertReader;
  #values: Promise<Values> | undefined;
  #lookedUp = 0;

  constructor(store: AlertReader) {
    this.#store = store;
  }

  async at(now: number): Promise<Values> {
    if (this.#values === undefined || Math.abs(now - this.#lookedUp) > REUSED_MS) {
      this.#lookedUp = now;
      this.#values = this.#lookUp();
      this.#values.catch(() => {
        this.#values = undefined;
      });
    }
    return this.#values;
  }

  async #lookUp(): Promise<Values> {
    const [cluster, namespace, rule] = await Promise.all(
      (['cluster', 'namespace', 'rule'] as const).map(async (by) => (await this.#store.count({}, by)).values),
    );
    return { cluster: cluster ?? [], namespace: namespace ?? [], rule: rule ?? [] };
  }
}
