import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const SERVERS = join(import.meta.dirname, '..', '..', 'servers');

const children: ChildProcess[] = [];
const folders: string[] = [];

after(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A process that runs code which starts servers, and that ends with this one. */
export function startChild(code: string, env: NodeJS.ProcessEnv): ChildProcess {
  const module = `
    import { startElasticsearch } from '${SERVERS}/elasticsearch.ts';
    import { startKafka } from '${SERVERS}/kafka.ts';
    process.on('disconnect', () => process.exit());
    process.channel.ref();
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', module], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
}

/** A folder that every user may enter, for the tests of one file. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gatewatch-servers-')));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** A folder with a `mvn` that answers `--version` and else does as it is told. */
export function fakeMaven(script: string): string {
  const folder = join(temporaryFolder(), 'bin');
  mkdirSync(folder);
  const text = `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${script}\n`;
  writeFileSync(join(folder, 'mvn'), text, { mode: 0o755 });
  return folder;
}
