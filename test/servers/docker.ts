import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Keeper } from './kept.ts';
import type { How } from './server.ts';

const docker = (...args: string[]) => promisify(execFile)('docker', args);

/** What a container needs beside its image. */
export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  /** Port of this machine's loopback, and of the container, that clients connect to. */
  readonly port: number;
  /** Where the image keeps its data. */
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
  /** Files of this machine, by their path in the container. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A server in a container; its data is in a volume of the same name. */
export function container(options: ContainerOptions): How {
  const { name, image, port, data, env, files = {} } = options;
  const remove = 'docker rm -f "$0"; docker volume rm -f "$0"';
  return {
    command: {
      argv: [
        ...['docker', 'run', '--rm', '--name', name],
        ...['--publish', `127.0.0.1:${port}:${port}`, '--volume', `${name}:${data}`],
        ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
        ...Object.entries(files).flatMap(([inside, path]) => ['--volume', `${path}:${inside}:ro`]),
        image,
      ],
      env: process.env,
      undo: ['sh', '-c', remove, name],
    },
    act: async (action) => {
      await docker(
        ...{ stop: ['stop'], kill: ['kill'], pause: ['pause'], resume: ['unpause'] }[action],
        name,
      );
    },
    pid: async () => Number((await docker('inspect', '--format', '{{.State.Pid}}', name)).stdout),
  };
}

/** Downloads an image unless it is there. */
export async function pull(keeper: Keeper, log: string, image: string): Promise<void> {
  if (await docker('image', 'inspect', image).catch(() => undefined)) return;
  console.log(`Downloading ${image}…`);
  await keeper.complete({ argv: ['docker', 'pull', '--quiet', image], env: process.env, log });
}
