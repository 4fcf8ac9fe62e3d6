import type { JsonMembers } from '../members.ts';
import type { Origin } from '../parsed.ts';
import { auditOf } from './elastic-document.ts';

/**
 * Members in which clouds and indices store events: a list of them, one as it is, or one as text.
 * `records`: batches of Azure's Event Hubs; `properties`, `log`: Azure's diagnostic records, and what container runtimes write; `log_s`: the
 * table AzureDiagnostics; `logEvents`: CloudWatch's subscriptions, also behind Firehose and Lambda; `events`: its command line;
 * `@message`: Logs Insights; `message`: each of CloudWatch's events; `review`: what a webhook noted of a review that it was sent; `azure`, `platformlogs`: what
 * Elastic's integration for Azure makes of a diagnostic record; `_source`: documents as Elasticsearch's searches answer with them.
 */
const CONTENTS = [
  'records',
  'logEvents',
  'events',
  'properties',
  'log',
  'log_s',
  '@message',
  'message',
  'review',
  '_source',
  'azure',
  'platformlogs',
];

/** What an envelope holds, and the name of the member that holds it. */
export function contentOf(
  members: JsonMembers,
  depthMax: number,
): { name: string; bytes: Buffer } | undefined {
  // Before the others: of a line of a file Elastic's documents have a `log`, too, which says where it stands.
  const audit = auditOf(members, depthMax);
  if (audit) return audit;
  const name = CONTENTS.find((each) => members.has(each));
  if (name === undefined) return undefined;
  const text = members.text(name);
  return { name, bytes: text === undefined ? members.bytes(name)! : Buffer.from(text) };
}

/** Where a document came from, dated back to when a review in it was received if whoever noted it says so: a review has no time of its own. */
export function notedAt(members: JsonMembers, name: string, origin: Origin): Origin {
  const text = name === 'review' ? members.text('receivedAt') : undefined;
  const receivedMs = text === undefined ? Number.NaN : Date.parse(text);
  return receivedMs > 0 && receivedMs <= origin.receivedMs ? { ...origin, receivedMs } : origin;
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
