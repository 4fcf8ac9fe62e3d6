import { setTimeout as sleep } from 'node:timers/promises';
import { type Kafka, type Message, Partitioners, type Producer } from 'kafkajs';
import { GatewatchError } from '../../errors.ts';
import { type LogEntry, type LogObserver, partitionedBy, type Topic } from '../port.ts';
import { COMPRESSION } from './codecs.ts';
import { kafkaError } from './errors.ts';

/** Keys of the configuration. */
export interface AppendOptions {
  readonly prefix: string;
  readonly compression: keyof typeof COMPRESSION;
  readonly append_seconds_max: number;
  readonly message_bytes_max: number;
}

/** Bytes sent in one request at most, unless one entry is larger: what comes meanwhile waits for the next. */
const REQUEST_BYTES_MAX = 4 * 1024 * 1024;

/** What a message takes besides its key, headers and value, bytes: more than it ever is. */
const MESSAGE_OVERHEAD_BYTES = 128;

interface Append {
  readonly topic: Topic;
  readonly messages: readonly Message[];
  readonly bytes: number;
  /** Entries of a large append go in several requests; what is left of it. */
  readonly last: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends to the topics, acknowledged by all in-sync replicas. What is appended while a request is on its way goes together in the
 * next: the group commit of the embedded log.
 */
export class Appender {
  readonly #kafka: Kafka;
  readonly #options: AppendOptions;
  readonly #appended: NonNullable<LogObserver['appended']>;
  #pending: Append[] = [];
  #running: Promise<void> | undefined;
  #producer: Promise<Producer> | undefined;
  #closed = false;

  constructor(kafka: Kafka, options: AppendOptions, appended: NonNullable<LogObserver['appended']>) {
    this.#kafka = kafka;
    this.#options = options;
    this.#appended = appended;
  }

  /** Resolves when all are stored. Rejects with `LOG_UNAVAILABLE`, `KAFKA_*` or `ENTRY_TOO_LARGE`; some may be stored all the same. */
  append(topic: Topic, entries: readonly LogEntry[]): Promise<void> {
    if (this.#closed) return Promise.reject(new GatewatchError('LOG_UNAVAILABLE', 'The log is closed.'));
    if (entries.length === 0) return Promise.resolve();
    const pieces: { messages: Message[]; bytes: number }[] = [];
    for (const entry of entries) {
      const { message, bytes } = toMessage(entry);
      if (bytes > this.#options.message_bytes_max) {
        const what = `An entry of ${bytes} bytes does not fit in ${this.#options.message_bytes_max}.`;
        return Promise.reject(new GatewatchError('ENTRY_TOO_LARGE', what, { where: topic }));
      }
      const piece = pieces.at(-1);
      if (piece && piece.bytes + bytes <= this.#requestBytesMax) {
        piece.messages.push(message);
        piece.bytes += bytes;
      } else pieces.push({ messages: [message], bytes });
    }
    return new Promise((resolve, reject) => {
      for (const [index, piece] of pieces.entries()) {
        this.#pending.push({ topic, ...piece, last: index === pieces.length - 1, resolve, reject });
      }
      this.#running ??= this.#run();
    });
  }

  /** Sends what was appended, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#discard();
  }

  get #requestBytesMax(): number {
    // All messages of one partition travel as one batch, which must fit.
    return Math.min(REQUEST_BYTES_MAX, this.#options.message_bytes_max);
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      const group = this.#take();
      const start = performance.now();
      try {
        await this.#send(group);
        this.#appended((performance.now() - start) / 1000, group.length);
        for (const { last, resolve } of group) if (last) resolve();
      } catch (cause) {
        const error = kafkaError(cause, 'The brokers did not store a batch');
        const refused = new Set(group.map(({ reject }) => reject));
        for (const reject of refused) reject(error);
        // What is left of an append that has failed is not worth sending.
        this.#pending = this.#pending.filter(({ reject }) => !refused.has(reject));
        // After a failure nobody knows which sequence number the brokers expect, and with a wrong one they take new messages for
        // repeated ones: the next request goes out under another producer id.
        await this.#discard();
      }
    }
    this.#running = undefined;
  }

  #take(): Append[] {
    let bytes = 0;
    const end = this.#pending.findIndex((append, index) => {
      bytes += append.bytes;
      return index > 0 && bytes > this.#requestBytesMax;
    });
    return this.#pending.splice(0, end === -1 ? this.#pending.length : end);
  }

  async #send(group: readonly Append[]): Promise<void> {
    const byTopic = Map.groupBy(group, ({ topic }) => topic);
    const topicMessages = Array.from(byTopic, ([topic, appends]) => ({
      topic: this.#options.prefix + topic,
      messages: appends.flatMap(({ messages }) => messages),
    }));
    const over = new AbortController();
    const late = sleep(this.#options.append_seconds_max * 1000, undefined, { signal: over.signal }).then(
      () => {
        throw new GatewatchError(
          'LOG_UNAVAILABLE',
          'The brokers did not answer within kafka.append_seconds_max.',
        );
      },
    );
    late.catch(() => {});
    const sent = this.#connected().then((producer) =>
      producer.sendBatch({ acks: -1, compression: COMPRESSION[this.#options.compression], topicMessages }),
    );
    sent.catch(() => {}); // it may fail long after it was given up
    try {
      await Promise.race([sent, late]);
    } finally {
      over.abort();
    }
  }

  #connected(): Promise<Producer> {
    this.#producer ??= this.#connect();
    return this.#producer;
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: partitioner,
      retry: { retries: 5, initialRetryTime: 50, maxRetryTime: 1000 },
    });
    await producer.connect();
    return producer;
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    // A connection that never came up has nothing to close, and one that hangs is not waited for.
    producer?.then((connected) => connected.disconnect()).catch(() => {});
  }
}

function toMessage({ key, value, headers }: LogEntry): { message: Message; bytes: number } {
  const encoded = Buffer.from(key);
  let bytes = MESSAGE_OVERHEAD_BYTES + encoded.length + value.length;
  for (const [name, text] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(text) + 10;
  // In a compacted topic a message without a value deletes its key.
  return {
    message: { key: encoded, value: value.length > 0 ? value : null, headers: { ...headers } },
    bytes,
  };
}

/** The default partitioner (the Java client's), on the part of the key that decides. */
function partitioner(): ReturnType<typeof Partitioners.DefaultPartitioner> {
  const byKey = Partitioners.DefaultPartitioner();
  return ({ message, ...rest }) =>
    byKey({ ...rest, message: { ...message, key: partitionedBy(String(message.key)) } });
}
