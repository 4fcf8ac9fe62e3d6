import { type Message, Partitioners, type Producer } from 'kafkajs';
import { type ErrorCode, GatewatchError } from '../../errors.ts';
import { type LogEntry, type LogObserver, partitionedBy, type Topic } from '../port.ts';
import type { KafkaClient } from './client.ts';
import { COMPRESSION } from './codecs.ts';
import { kafkaError } from './errors.ts';
import { within } from './within.ts';

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

/** What may concern only a part of what was sent together: the rest is sent again without it. */
const CONFINED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ENTRY_TOO_LARGE',
  'KAFKA_NOT_ALLOWED',
  'TOPIC_MISSING',
]);

/** An append that is under way. */
interface Append {
  /** When it has taken too long, on the clock of `performance`. */
  readonly end: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Messages not yet stored. */
  left: number;
  failed: boolean;
}

/** As much of an append as goes in one request. */
interface Piece {
  readonly append: Append;
  readonly topic: Topic;
  readonly messages: readonly Message[];
  readonly bytes: number;
}

/** A producer and the partitions that it has chosen for what is being sent. */
interface Line {
  readonly client: KafkaClient;
  readonly producer: Promise<Producer>;
  readonly chosen: Set<string>;
}

/**
 * Appends to the topics, acknowledged by all in-sync replicas. What is appended while a request is on its way goes together in the
 * next: the group commit of the embedded log.
 */
export class Appender {
  readonly #kafka: KafkaClient;
  readonly #options: AppendOptions;
  readonly #appended: NonNullable<LogObserver['appended']>;
  #pending: Piece[] = [];
  #running: Promise<void> | undefined;
  #line: Line | undefined;
  #closed = false;

  constructor(kafka: KafkaClient, options: AppendOptions, appended: NonNullable<LogObserver['appended']>) {
    this.#kafka = kafka;
    this.#options = options;
    this.#appended = appended;
  }

  /**
   * Resolves when all are stored.
   * Rejects with `LOG_UNAVAILABLE`, `KAFKA_*`, `TOPIC_MISSING` or `ENTRY_TOO_LARGE`; some may be stored all the same.
   */
  async append(topic: Topic, entries: readonly LogEntry[]): Promise<void> {
    if (this.#closed) throw new GatewatchError('LOG_UNAVAILABLE', 'The log is closed.');
    if (entries.length === 0) return;
    const pieces = this.#pieces(topic, entries);
    await new Promise<void>((resolve, reject) => {
      const end = performance.now() + this.#options.append_seconds_max * 1000;
      const append: Append = { end, resolve, reject, left: entries.length, failed: false };
      for (const piece of pieces) this.#pending.push({ append, topic, ...piece });
      this.#running ??= this.#run();
    });
  }

  /** Sends what was appended, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    this.#discard();
  }

  get #requestBytesMax(): number {
    // All messages of one partition travel as one batch, which must fit.
    return Math.min(REQUEST_BYTES_MAX, this.#options.message_bytes_max);
  }

  #pieces(topic: Topic, entries: readonly LogEntry[]): { messages: Message[]; bytes: number }[] {
    const pieces: { messages: Message[]; bytes: number }[] = [];
    for (const entry of entries) {
      const { message, bytes } = toMessage(entry);
      if (bytes > this.#options.message_bytes_max) {
        const what = `An entry of ${bytes} bytes does not fit in ${this.#options.message_bytes_max}.`;
        throw new GatewatchError('ENTRY_TOO_LARGE', what, { where: topic });
      }
      const piece = pieces.at(-1);
      if (piece && piece.bytes + bytes <= this.#requestBytesMax) {
        piece.messages.push(message);
        piece.bytes += bytes;
      } else pieces.push({ messages: [message], bytes });
    }
    return pieces;
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) await this.#store(this.#take());
    this.#running = undefined;
  }

  #take(): Piece[] {
    let bytes = 0;
    const end = this.#pending.findIndex((piece, index) => {
      bytes += piece.bytes;
      return index > 0 && bytes > this.#requestBytesMax;
    });
    return this.#pending.splice(0, end === -1 ? this.#pending.length : end);
  }

  /** Sends the pieces together, or in parts if that is what keeps some of them from being stored. */
  async #store(group: readonly Piece[]): Promise<void> {
    const now = performance.now();
    for (const { append } of group) if (append.end <= now) fail(append, tooLate());
    // What is left of an append that has failed is not worth sending.
    const pieces = group.filter(({ append }) => !append.failed);
    if (pieces.length === 0) return;
    try {
      const end = Math.min(...pieces.map(({ append }) => append.end));
      await within(end - now, this.#send(pieces), tooLate);
    } catch (cause) {
      // Nobody knows now which sequence numbers the brokers expect of this producer: with a wrong one they take new messages for
      // repeated ones, and say that they are stored. And what it has sent may no longer come in after what is sent next.
      this.#discard();
      const topics = [...new Set(pieces.map(({ topic }) => this.#options.prefix + topic))];
      const error = kafkaError(cause, 'The brokers did not store a batch', topics.join(', '));
      const parts = CONFINED.has(error.code) ? partsOf(pieces, error.code) : [];
      for (const part of parts) await this.#store(part);
      if (parts.length === 0) for (const { append } of pieces) fail(append, error);
      return;
    }
    for (const { append, messages } of pieces) append.left -= messages.length;
    const done = new Set(pieces.map(({ append }) => append).filter(({ left }) => left === 0));
    if (done.size > 0) this.#appended((performance.now() - now) / 1000, done.size);
    for (const { resolve } of done) resolve();
  }

  async #send(pieces: readonly Piece[]): Promise<void> {
    this.#line ??= this.#connect();
    const { producer, chosen } = this.#line;
    const connected = await producer;
    chosen.clear();
    const stored = await connected.sendBatch({
      acks: -1,
      timeout: Math.ceil(this.#options.append_seconds_max * 1000),
      compression: COMPRESSION[this.#options.compression],
      topicMessages: Array.from(
        Map.groupBy(pieces, ({ topic }) => topic),
        ([topic, pieces]) => ({
          topic: this.#options.prefix + topic,
          messages: pieces.flatMap(({ messages }) => messages),
        }),
      ),
    });
    // When a partition moves from one broker to another meanwhile, the library can forget it and resolve all the same.
    const acknowledged = new Set(stored.map(({ topicName, partition }) => `${topicName}/${partition}`));
    if (chosen.isSubsetOf(acknowledged)) return;
    throw new GatewatchError('LOG_UNAVAILABLE', 'The brokers acknowledged a part of a batch only.');
  }

  #connect(): Line {
    const client = this.#kafka.another();
    const chosen = new Set<string>();
    const producer = client.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: () => partitioner(chosen),
      retry: { retries: 5, initialRetryTime: 50, maxRetryTime: 1000 },
    });
    return { client, chosen, producer: client.connect(producer) };
  }

  #discard(): void {
    this.#line?.client.cut();
    this.#line = undefined;
  }
}

function fail(append: Append, error: unknown): void {
  append.failed = true;
  append.reject(error);
}

function tooLate(): GatewatchError {
  return new GatewatchError(
    'LOG_UNAVAILABLE',
    'The brokers did not store a batch within kafka.append_seconds_max.',
  );
}

/** What to send apart, to find what is refused: each topic, then ever smaller parts. None if it is found. */
function partsOf(pieces: readonly Piece[], code: ErrorCode): Piece[][] {
  const byTopic = [...Map.groupBy(pieces, ({ topic }) => topic).values()];
  if (byTopic.length > 1) return byTopic;
  const single = pieces.flatMap((piece) =>
    piece.messages.map((message) => ({ ...piece, messages: [message] })),
  );
  if (code !== 'ENTRY_TOO_LARGE' || single.length === 1) return [];
  const middle = Math.ceil(single.length / 2);
  return [single.slice(0, middle), single.slice(middle)];
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

/**
 * The default partitioner (the Java client's), on the part of the key that decides.
 * @param chosen is told of each choice
 */
function partitioner(chosen: Set<string>): ReturnType<typeof Partitioners.DefaultPartitioner> {
  const byKey = Partitioners.DefaultPartitioner();
  return ({ topic, message, partitionMetadata }) => {
    const key = partitionedBy(String(message.key));
    const partition = byKey({ topic, partitionMetadata, message: { ...message, key } });
    chosen.add(`${topic}/${partition}`);
    return partition;
  };
}
