import { GatewatchError } from '../../errors.ts';
import { readRules } from '../../rules/load.ts';
import { type ConfigOptions, configFrom } from '../config-options.ts';

/** Exit code of a command that found something wrong with the rules. */
export const EXIT_FINDING = 1;

/** The rules at the paths, or those of the configuration, with the lists of the configuration. Exceptions from them have commands of their own. */
export function sourcesOf(paths: readonly string[], options: ConfigOptions): ReturnType<typeof readRules> {
  const { detect } = configFrom(options);
  return readRules({ ...detect, exceptions: [], ...(paths.length > 0 && { rules: paths }) });
}

/** @throws USAGE_INVALID */
export function oneOf<Word extends string>(flag: string, value: string, allowed: readonly Word[]): Word {
  const word = allowed.find((each) => each === value);
  if (word !== undefined) return word;
  throw new GatewatchError('USAGE_INVALID', `Unknown value ${value}: ${allowed.join(', ')}.`, {
    where: flag,
  });
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
