import { readRules } from '../../rules/load.ts';
import { type ConfigOptions, configFrom } from '../config-options.ts';

export const EXCEPTIONS_FORMATS = ['text', 'json'] as const;

export interface ExceptionsOptions extends ConfigOptions {
  readonly format: string;
}

/** The exceptions at the paths, or those of the configuration, with the rules of the configuration that they are from. */
export function sourcesOf(paths: readonly string[], options: ConfigOptions): ReturnType<typeof readRules> {
  const { detect } = configFrom(options);
  return readRules(paths.length > 0 ? { ...detect, exceptions: paths } : detect);
}
