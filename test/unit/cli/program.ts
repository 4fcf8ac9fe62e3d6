import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** Stands for `main.ts`: the commands of these rooms, errors told by their code. */
const PROGRAM = `
  import { Command } from 'commander';
  const { addConfigCommand } = await import(process.env.GATEWATCH_TEST_SRC + '/cli/commands/config.ts');
  const { addSetupCommand } = await import(process.env.GATEWATCH_TEST_SRC + '/cli/commands/setup.ts');
  const program = new Command('gatewatch');
  addConfigCommand(program);
  addSetupCommand(program);
  try {
    await program.parseAsync(process.argv.slice(1), { from: 'user' });
  } catch (error) {
    console.error(error.explain?.() ?? error);
    process.exitCode = 1;
  }
`;

const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the commands in a process of their own, in the repository's root so that packages are found. */
export function gatewatch(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '-e', PROGRAM, '--', ...args],
      { cwd: ROOT, env: { PATH: process.env.PATH, GATEWATCH_TEST_SRC: join(ROOT, 'src') } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}
