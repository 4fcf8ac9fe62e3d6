import { GatewatchError } from '../errors.ts';
import type { Log, LogAppender, LogEntry, Topic } from '../log/port.ts';
import { isAway, Patience } from '../stages/patience.ts';

/**
 * The receiver's log on Kafka. It is there from the start: while the brokers cannot be reached, appends are refused and senders keep
 * what they have, and the observing webhook goes on answering.
 */
export class KafkaAppends implements LogAppender {
  readonly #patience = new Patience((error) => isAway(error) && !this.#closed);
  #log: Log | undefined;
  #closed = false;

  /**
   * Resolves when the log is open, or is waited for.
   * @param waiting told what is waited for
   * @throws what `open` throws and no waiting mends
   */
  static async start(
    open: () => Promise<Log>,
    waiting: (error: GatewatchError) => void,
  ): Promise<KafkaAppends> {
    const appends = new KafkaAppends();
    await new Promise<void>((resolve, reject) => {
      appends.#patience
        .until(open, (error) => {
          waiting(error);
          resolve();
        })
        .then((log) => {
          appends.#log = log;
          if (appends.#closed) return log.close();
        })
        .then(resolve, reject);
    });
    return appends;
  }

  append(topic: Topic, entries: readonly LogEntry[]): Promise<void> {
    return this.#log ? this.#log.append(topic, entries) : Promise.reject(this.#unopened());
  }

  /** What keeps the log from taking in anything. */
  async check(): Promise<GatewatchError | undefined> {
    return this.#log ? this.#log.check() : this.#unopened();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#log?.close();
  }

  #unopened(): GatewatchError {
    return this.#patience.problem ?? new GatewatchError('LOG_UNAVAILABLE', 'The log is not open yet.');
  }
}
