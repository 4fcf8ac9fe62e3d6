import { existsSync } from 'node:fs';
import type { z } from 'zod';
import { GatewatchError } from '../errors.ts';
import { environmentSettings } from './environment.ts';
import { ConfigError, type ConfigFault } from './fault.ts';
import { formatPath } from './keys.ts';
import { fileLayer, isValues, type Layer, type Setting, settingLayer, type Values } from './layer.ts';
import { type Config, configSchema } from './schema.ts';
import { suggestion } from './suggest.ts';

export const DEFAULT_FILE = 'gatewatch.yaml';

/** Where a configuration comes from; a later one wins: file, environment, overrides. */
export interface ConfigSources {
  /** The file named by the person; otherwise `GATEWATCH_CONFIG`, otherwise `gatewatch.yaml` here if there is one. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From flags: see `parseSet`, `flag`. */
  readonly overrides?: readonly Setting[];
}

/**
 * Reads the configuration from all its sources.
 * @throws ConfigError with every fault found, each with its place.
 */
export function loadConfig({ file, env, overrides = [] }: ConfigSources): Config {
  const faults: ConfigFault[] = [];
  const named = file ?? (env.GATEWATCH_CONFIG || undefined);
  const path = named ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const layers: Layer[] = path === undefined ? [] : [fileLayer(path, faults)];
  for (const setting of [...environmentSettings(env), ...overrides]) {
    layers.push(settingLayer(setting, faults));
  }
  const merged: Values = {};
  for (const { values } of layers) merge(merged, values);

  const result = configSchema.safeParse(merged);
  if (!result.success) faults.push(...result.error.issues.flatMap((issue) => explain(issue, layers)));
  if (faults.length > 0) throw new ConfigError('CONFIG_INVALID', faults);
  return result.data!;
}

/** Reads the argument of `--set http.port=9000`. */
export function parseSet(argument: string): Setting {
  const equals = argument.indexOf('=');
  if (equals < 1) {
    throw new GatewatchError('USAGE_INVALID', '--set takes KEY=VALUE, for example http.port=9000.', {
      where: `--set ${argument}`,
    });
  }
  const key = argument.slice(0, equals).trim();
  return { path: key.split('.'), text: argument.slice(equals + 1), origin: `--set ${key}` };
}

/** The setting that a flag of its own stands for: `flag('--data-dir', 'data_dir', value)`. */
export function flag(
  origin: string,
  key: string,
  value: string | number | boolean | readonly string[],
): Setting {
  return {
    path: key.split('.'),
    text: typeof value === 'object' ? JSON.stringify(value) : String(value),
    origin,
  };
}

function merge(into: Values, from: Values): void {
  for (const [key, value] of Object.entries(from)) {
    const present = into[key];
    if (isValues(value) && isValues(present)) merge(present, value);
    else into[key] = isValues(value) ? structuredClone(value) : value;
  }
}

function explain(issue: z.core.$ZodIssue, layers: readonly Layer[]): ConfigFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return {
        where: whereIn(layers, path),
        message: `unknown key ${formatPath(path)}${suggestion(issue.path, key)}`,
      };
    });
  }
  const missing = issue.code === 'invalid_type' && depthOfAll(layers, issue.path) < issue.path.length;
  const message = missing ? 'is missing' : issue.message.replace(/^Invalid (?:input|option): /, '');
  const subject = formatPath(issue.path);
  return [{ where: whereIn(layers, issue.path), message: subject ? `${subject}: ${message}` : message }];
}

/** The place of the layer that says most about the path; of equals the last, since it has won. */
function whereIn(layers: readonly Layer[], path: readonly PropertyKey[]): string | undefined {
  let best: Layer | undefined;
  let most = 1;
  for (const layer of layers) {
    const known = depth(layer.values, path);
    if (known >= most) {
      best = layer;
      most = known;
    }
  }
  return best?.where(path);
}

function depthOfAll(layers: readonly Layer[], path: readonly PropertyKey[]): number {
  return Math.max(0, ...layers.map(({ values }) => depth(values, path)));
}

/** How many steps of the path a value has. */
function depth(values: unknown, path: readonly PropertyKey[]): number {
  let value = values;
  for (const [index, part] of path.entries()) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return index;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return path.length;
}
