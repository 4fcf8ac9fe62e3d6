import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { GatewatchError } from '../../errors.ts';
import { within } from './within.ts';

/** Longest that a token command may take, milliseconds. */
const TOKEN_MS_MAX = 10_000;

/**
 * Runs the program that prints a token: the token alone, or JSON with `access_token`, as identity providers answer. What it prints may
 * hold secrets, so no message repeats it.
 * @throws KAFKA_AUTHENTICATION_FAILED
 */
export async function printedToken(command: readonly string[], msMax = TOKEN_MS_MAX): Promise<string> {
  const token = tokenIn((await output(command, msMax)).trim());
  if (token && !/\s/.test(token)) return token;
  throw failure('printed no token');
}

async function output([program = '', ...args]: readonly string[], msMax: number): Promise<string> {
  // A process group of its own, to end all of it.
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = Promise.withResolvers<void>();
  child.once('error', ({ code }: NodeJS.ErrnoException) => ended.reject(failure(`cannot be run (${code})`)));
  child.once('exit', (code, signal) => {
    if (code === 0) ended.resolve();
    else ended.reject(failure(`failed (${signal ?? `exit code ${code}`})`));
  });
  try {
    const printed = Promise.all([text(child.stdout), ended.promise]);
    const [token] = await within(msMax, printed, () => failure(`took longer than ${msMax / 1000} seconds`));
    return token;
  } catch (error) {
    end(child.pid);
    throw error;
  }
}

function end(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function tokenIn(printed: string): string | undefined {
  if (!printed.startsWith('{')) return printed;
  try {
    const { access_token } = JSON.parse(printed) as { access_token?: unknown };
    return typeof access_token === 'string' ? access_token : undefined;
  } catch {
    return undefined;
  }
}

function failure(what: string): GatewatchError {
  return new GatewatchError('KAFKA_AUTHENTICATION_FAILED', `The token command ${what}.`, {
    where: 'kafka.sasl.token_command',
  });
}
