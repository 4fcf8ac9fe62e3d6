import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Alert } from '../../src/record/alert.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LEASH = join(import.meta.dirname, 'leash.ts');

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `gatewatch` process that cannot outlive the test. */
export class GatewatchProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  /** @param within a command that runs another one in its own place (`exec`) */
  constructor(args: readonly string[], within: readonly string[] = []) {
    const [command, ...rest] = [
      ...within,
      process.execPath,
      '--import',
      LEASH,
      join(ROOT, 'src', 'cli', 'main.ts'),
      ...args,
    ];
    this.child = spawn(
      command!,
      rest,
      // Without the settings and colours that the tests' own environment may ask for.
      { cwd: ROOT, env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    if (this.running) this.child.kill(signal);
    return this.ended;
  }
}

/** A `gatewatch serve` that listens. */
export interface Listening {
  readonly process: GatewatchProcess;
  readonly url: string;
}

/** One that does everything. */
export interface Serving extends Listening {
  readonly httpsPort: number;
  readonly token: string;
}

export interface ServeOptions {
  readonly dataDir: string;
  readonly configFile?: string;
  /** `--set` of each; ports are the system's choice unless set. */
  readonly set?: Readonly<Record<string, string | number>>;
  /** See `GatewatchProcess`. */
  readonly within?: readonly string[];
}

/** The command line of a `serve` on ports of the system's choice. */
export function serveArguments({ dataDir, configFile, set = {} }: ServeOptions): string[] {
  const settings = { 'http.port': 0, 'https.port': 0, ...set };
  return [
    'serve',
    '--data-dir',
    dataDir,
    ...(configFile ? ['--config', configFile] : []),
    ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ];
}

/** Starts `serve` and waits until it says where it listens. */
export function startServe(options: ServeOptions): Promise<Serving> {
  return start(options, (process, text) => {
    const url = /Console +(http:\S+)/.exec(text)?.[1];
    const token = /Login token +(\S+)\n/.exec(text)?.[1];
    const httpsPort = /--address ADDRESS:(\d+)/.exec(text)?.[1];
    return url && token && httpsPort ? { process, url, token, httpsPort: Number(httpsPort) } : undefined;
  });
}

/** Starts `serve` in some of its roles and waits until it says where it listens. */
export function startRoles(options: ServeOptions): Promise<Listening> {
  return start(options, (process, text) => {
    const url = /(?:Console|Health) +(http:\/\/[^/\s]+)/.exec(text)?.[1];
    return url ? { process, url } : undefined;
  });
}

function start<Started>(
  options: ServeOptions,
  startedFrom: (process: GatewatchProcess, text: string) => Started | undefined,
): Promise<Started> {
  const started = new GatewatchProcess(serveArguments(options), options.within);
  const ended = started.ended.then(({ code, signal, stderr, stdout }) => {
    throw new Error(`serve ended (${code ?? signal}) before it listened: ${stderr}${stdout}`);
  });
  const listening = new Promise<Started>((resolve) => {
    const look = (): void => {
      const found = startedFrom(started, stripVTControlCharacters(started.stdout));
      if (!found) return;
      started.child.stdout!.off('data', look);
      resolve(found);
    };
    started.child.stdout!.on('data', look);
  });
  return Promise.race([listening, ended]);
}

/** Value of one series of `/metrics`; 0 if it has not been counted yet. */
export async function metric({ url }: Serving, series: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** Resolves when every stage has processed all that is in the log. */
export async function drained(serving: Serving): Promise<void> {
  await until(async () => {
    const ready = await fetch(`${serving.url}/readyz`);
    if (!ready.ok) throw new Error(`Not ready: ${await ready.text()}`);
    const text = await (await fetch(`${serving.url}/metrics`)).text();
    const lags = [...text.matchAll(/^gatewatch_consumer_lag_entries\{stage="\w+",partition="0"\} (\d+)$/gm)];
    return lags.length === 3 && lags.every(([, lag]) => lag === '0');
  }, 'the stages to have processed everything');
}

/** All alerts that are not withdrawn, as the API gives them. */
export async function alertsOf({ url, token }: Serving): Promise<Alert[]> {
  const alerts: Alert[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({
      sort: 'time',
      order: 'asc',
      limit: '500',
      ...(cursor ? { cursor } : {}),
    });
    const answer = await fetch(`${url}/v1/alerts?${query}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`GET /v1/alerts: ${answer.status} ${await answer.text()}`);
    const page = (await answer.json()) as { alerts: Alert[]; next?: string };
    alerts.push(...page.alerts);
    cursor = page.next;
  } while (cursor !== undefined);
  return alerts;
}

/** Longest that anything is waited for, milliseconds: only a hang takes as long. */
const WAIT_MS_MAX = 120_000;

/** Asks until the answer is yes. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Waited too long for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
