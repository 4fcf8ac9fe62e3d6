import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify from 'fastify';
import { parse, parseAllDocuments } from 'yaml';
import { flag, loadConfig } from '../../../src/config/load.ts';
import type { Config, Role } from '../../../src/config/schema.ts';
import { healthRoutes } from '../../../src/serve/health.ts';

export const ROOT = join(import.meta.dirname, '../../..');

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** A file of one YAML document, with `<<`. */
export function yaml<T>(path: string): T {
  return parse(read(path), { merge: true });
}

/** Objects for Kubernetes, in the YAML that it reads: a number that begins with 0 is octal. */
export function manifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS());
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: as many shapes as kinds, and what is not there fails the test
  readonly [key: string]: any;
}

/** The configuration of a process as its variables, its file and its role give it; fails on what Gatewatch would refuse. */
export function configured(env: Readonly<Record<string, string>>, file: string, role?: Role): Config {
  return loadConfig({ env, file, overrides: role ? [flag('--role', 'roles', [role])] : [] });
}

/** An empty configuration file, so that none of the working folder's is read. */
export const NO_FILE = '/dev/null';

/** One instruction of the Dockerfile, such as `ENV` and what follows it. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

export function dockerfile(): Instruction[] {
  const text = read('Dockerfile')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({
      name: line.slice(0, line.indexOf(' ')),
      rest: line.slice(line.indexOf(' ') + 1).trim(),
    }));
}

/** What the last stage of the Dockerfile sets. */
export function image(): { instructions: Instruction[]; env: Record<string, string>; user: string } {
  const all = dockerfile();
  const instructions = all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
  const pairs = instructions
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ rest }) => [...rest.matchAll(/([A-Z0-9_]+)=(\S+)/g)])
    .map(([, key, value]) => [key!, value!]);
  const user = instructions.findLast(({ name }) => name === 'USER');
  return { instructions, env: Object.fromEntries(pairs), user: user!.rest };
}

/** Fails unless each path is one that Gatewatch answers about its health. */
export async function assertHealthPaths(paths: readonly string[]): Promise<void> {
  assert.ok(paths.length > 0);
  const fastify = Fastify();
  await fastify.register(healthRoutes, { draining: () => false, roles: async () => [] });
  for (const path of paths) assert.equal((await fastify.inject(path)).statusCode, 200, path);
  await fastify.close();
}

export const VERSION: string = JSON.parse(read('package.json')).version;

/** An image by a name and a version, which is not one that moves. */
export function assertPinned(name: string): void {
  assert.match(name, /^[a-z0-9./-]+:v?\d+\.\d+\.\d+[-a-z0-9]*$/);
}
