import { GatewatchError } from '../../errors.ts';
import { type JsonScanner, NotJson } from '../scan.ts';

const QUOTE = 0x22;

/** The top-level members of a JSON object, none of them decoded. Of repeated ones the last counts. */
export class JsonMembers {
  readonly #bytes: Buffer;
  readonly #ranges = new Map<string, readonly [start: number, end: number]>();
  /** False if the bytes are no object, or one that is cut off, or more than one, as far as the scan can tell. */
  readonly whole: boolean;

  /** @param start of the object */
  constructor(bytes: Buffer, start: number, scanner: JsonScanner) {
    this.#bytes = bytes;
    this.whole = this.#read(start, scanner);
  }

  #read(start: number, scanner: JsonScanner): boolean {
    try {
      const end = scanner.members(start, ({ keyStart, keyEnd, start: from, end: to }) => {
        this.#ranges.set(this.#bytes.toString('latin1', keyStart, keyEnd), [from, to]);
      });
      return scanner.skipSpace(end) === this.#bytes.length;
    } catch (error) {
      if (error instanceof NotJson) return false;
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#ranges.has(name);
  }

  bytes(name: string): Buffer | undefined {
    const range = this.#ranges.get(name);
    return range && this.#bytes.subarray(...range);
  }

  /**
   * The text of a member that is one.
   * @throws ITEM_NOT_JSON
   */
  text(name: string): string | undefined {
    const bytes = this.bytes(name);
    if (bytes?.[0] !== QUOTE) return undefined;
    try {
      return JSON.parse(bytes.toString());
    } catch (cause) {
      throw new GatewatchError('ITEM_NOT_JSON', `Not JSON: the text of "${name}".`, { cause });
    }
  }
}

/**
 * Members in which clouds store events: a list of them, one as it is, or one as text.
 * `records`: batches of Azure's Event Hubs; `properties`, `log`: Azure's diagnostic records, and what container runtimes write; `log_s`: the
 * table AzureDiagnostics; `logEvents`: CloudWatch's subscriptions, also behind Firehose and Lambda; `events`: its command line;
 * `@message`: Logs Insights; `message`: each of CloudWatch's events.
 */
const CONTENTS = ['records', 'logEvents', 'events', 'properties', 'log', 'log_s', '@message', 'message'];

/** What an envelope holds, and the name of the member that holds it. */
export function contentOf(members: JsonMembers): { name: string; bytes: Buffer } | undefined {
  const name = CONTENTS.find((each) => members.has(each));
  if (name === undefined) return undefined;
  const text = members.text(name);
  return { name, bytes: text === undefined ? members.bytes(name)! : Buffer.from(text) };
}

const AZURE_CATEGORY = /^kube-audit(?:-admin)?$/i;
const EKS_STREAM = /^kube-apiserver-audit/;

/** Members that name the log that a document is from, and what audit logs are called there. */
const LOG_NAMES: readonly [member: string, name: RegExp][] = [
  ['category', AZURE_CATEGORY],
  ['Category', AZURE_CATEGORY],
  ['logStream', EKS_STREAM],
  ['logStreamName', EKS_STREAM],
  ['@logStream', EKS_STREAM],
  ['logName', /cloudaudit\.googleapis\.com/],
];

/** Whether a document says of itself that it is of another log: clouds store those of the whole control plane together. */
export function isOfAnotherLog(members: JsonMembers): boolean {
  return LOG_NAMES.some(([member, name]) => {
    const text = members.text(member);
    return text !== undefined && !name.test(text);
  });
}

/** What CloudWatch's exports to S3 write before each event. */
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;
const TIME_CHARACTERS_MAX = 40;

export function withoutTime(line: Buffer): Buffer {
  const time = TIME.exec(line.toString('latin1', 0, TIME_CHARACTERS_MAX))?.[0] ?? '';
  return line.subarray(time.length);
}
