import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { tokenDigest } from '../../../src/credentials/tokens.ts';
import { ERRORS, type ErrorCode } from '../../../src/errors.ts';
import { type Serving, startServe } from '../../chaos/served.ts';

/** What cleans up when it ends: a test. */
export interface Scope {
  after(clean: () => unknown): void;
}

/** The last thing made is cleaned up first, and each whatever becomes of the others: a process before its folder. */
function lastFirst(runAfter: (clean: () => Promise<void>) => void): Scope {
  const cleaners: (() => unknown)[] = [];
  runAfter(async () => {
    const failures: unknown[] = [];
    for (const clean of cleaners.reverse()) {
      try {
        await clean();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  });
  return { after: (clean) => void cleaners.push(clean) };
}

/** The file that calls it. (What a `before` hook registers with `after` would be cleaned up when that hook ends.) */
export function wholeFile(): Scope {
  return lastFirst(after);
}

/** The test that calls it. */
export function wholeTest(t: TestContext): Scope {
  return lastFirst((clean) => t.after(clean));
}

export const TOKENS = {
  prod: {
    audit: 'gw_audit_of-prod',
    admission: 'gw_admission_of-prod',
    decision: 'gw_decision_of-prod',
  },
  other: {
    audit: 'gw_audit_of-other',
    admission: 'gw_admission_of-other',
    decision: 'gw_decision_of-other',
  },
} as const;

const CONFIG = Object.entries(TOKENS)
  .map(
    ([name, { audit, admission, decision }]) => `
  - name: ${name}
    audit_token_sha256: [${tokenDigest(audit)}]
    admission_token_sha256: [${tokenDigest(admission)}]
    decision_token_sha256: [${tokenDigest(decision)}]
    client_certificate_names: ["gatewatch:${name}"]`,
  )
  .join('');

/** A folder with a configuration file of two clusters; it goes with the test. */
export async function folderWithConfig(t: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewatch-serve-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'gatewatch.yaml'), `clusters:${CONFIG}\n`);
  return folder;
}

export type Settings = Readonly<Record<string, string | number>>;

/** A `serve` of that configuration. Whoever starts it again on the same folder gets the same state. */
export async function serveIn(
  t: Scope,
  folder: string,
  set: Settings = {},
  within: readonly string[] = [],
): Promise<Serving> {
  const serving = await startServe({
    dataDir: join(folder, 'data'),
    configFile: join(folder, 'gatewatch.yaml'),
    set,
    within,
  });
  t.after(() => serving.process.kill());
  return serving;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body, if it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server answers
  readonly json: any;
}

/** An answer, and how often the request was sent until it came. */
export interface Attempted extends Answer {
  readonly attempts: number;
}

export interface Send extends Pick<RequestOptions, 'method' | 'headers'> {
  readonly body?: string | Buffer;
  /** Over https, perhaps with a client certificate. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
}

const ATTEMPTS_MAX = 5;

/** One request on a connection of its own. */
export async function send(serving: Serving, path: string, request: Send): Promise<Attempted> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { ...(await sendOnce(serving, path, request)), attempts: attempt };
    } catch (error) {
      // Who is refused early and still writes may lose the answer with the connection (RFC 9112, section 9.6).
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE' || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

function sendOnce(
  serving: Serving,
  path: string,
  { body, tls, method = 'POST', headers = {} }: Send,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const port = tls ? serving.httpsPort : new URL(serving.url).port;
  const options = { host: '127.0.0.1', port, path, method, headers, agent: false as const, ...tls };
  const sent = (tls ? httpsRequest : httpRequest)(options, (answer) => {
    const parts: Buffer[] = [];
    answer.on('data', (part: Buffer) => parts.push(part));
    answer.on('error', reject);
    answer.on('end', () => {
      const text = Buffer.concat(parts).toString();
      resolve({ status: answer.statusCode!, headers: answer.headers, text, json: parsed(text) });
    });
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** Posts to the audit input of cluster prod, as its API server. */
export function audit(
  serving: Serving,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Attempted> {
  return send(serving, '/v1/audit/prod?timeout=30s', {
    body,
    headers: { 'content-type': 'application/json', ...bearer(TOKENS.prod.audit), ...headers },
  });
}

export function caOf(folder: string): Promise<string> {
  return readFile(join(folder, 'data', 'tls', 'ca.crt'), 'utf8');
}

/** Asserts a whole error answer: status and code, what and where in words, and when to come back if that may help. */
export function assertRefused({ status, headers, json, text }: Answer, code: ErrorCode, expected = 0): void {
  const spec: { status?: number; retryable: boolean; remedy: string } = ERRORS[code];
  const error = json?.error;
  assert.equal(error?.code, code, text);
  assert.equal(status, expected || spec.status, text);
  assert.deepEqual(
    Object.keys(json.error).filter((key) => key !== 'where'),
    ['code', 'message', 'remedy'],
  );
  assert.ok(typeof error.message === 'string' && error.message.length > 5 && error.message.length < 500);
  assert.ok(error.where === undefined || (typeof error.where === 'string' && error.where !== ''));
  assert.equal(error.remedy, spec.remedy);
  assert.equal(headers['retry-after'] !== undefined, spec.retryable, 'Retry-After');
  assert.match(headers['content-type'] ?? '', /^application\/json/);
}

/** A server that keeps a connection for so long without a word will not close it, milliseconds. */
const SILENCE_MS_MAX = 10_000;

/** Writes bytes to a plain connection as they are, in pieces with pauses, and gives all that comes back until the server closes it. */
export async function raw(
  serving: Serving,
  pieces: readonly (string | Buffer)[],
  pauseMs = 0,
): Promise<string> {
  const socket = connect(Number(new URL(serving.url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => {}); // a reset is an end as well
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.setTimeout(SILENCE_MS_MAX, () => socket.destroy(new Error('nothing came for long')));
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await closed;
  return text;
}

/** An answer out of what `raw` gave. */
export function answerIn(text: string): Answer {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  const [first = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(first.split(' ')[1]), headers, text, json: parsed(body) };
}

/** An event that gives an alert: a privileged pod that was admitted. */
export function privilegedPod(name: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  const time = new Date(Date.now() - 60_000).toISOString().replace('Z', '000Z');
  return {
    level: 'RequestResponse',
    auditID: `audit-${name}`,
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/web/pods',
    verb: 'create',
    user: { username: 'mallory', groups: ['interns'] },
    sourceIPs: ['192.0.2.7'],
    userAgent: 'kubectl/v1.37.2',
    objectRef: { resource: 'pods', namespace: `ns-${name}`.slice(0, 60), name, apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name },
      spec: {
        hostPID: true,
        containers: [{ name: 'c', image: 'busybox', securityContext: { privileged: true } }],
      },
    },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    ...fields,
  };
}

export function eventList(items: readonly unknown[]): string {
  return JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items });
}

export function review(uid: string, request: Record<string, unknown> = {}): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      operation: 'CREATE',
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'web',
      userInfo: { username: 'alice' },
      object: {},
      ...request,
    },
  });
}
