import { type ErrorCode, GatewatchError } from '../errors.ts';

/** One thing that is wrong with the configuration, and where: `gatewatch.yaml:3:9`, a variable or a flag. */
export interface ConfigFault {
  readonly where: string | undefined;
  readonly message: string;
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends GatewatchError {
  readonly faults: readonly ConfigFault[];

  constructor(
    code: Extract<ErrorCode, 'CONFIG_INVALID' | 'CONFIG_UNREADABLE'>,
    faults: readonly ConfigFault[],
    cause?: unknown,
  ) {
    const [only, ...others] = faults;
    if (only && others.length === 0) {
      super(code, sentence(only.message), { ...(only.where ? { where: only.where } : {}), cause });
    } else {
      super(code, [`${faults.length} faults`, ...faults.map(formatFault)].join('\n  '), { cause });
    }
    this.faults = faults;
  }

  override explain(): string {
    return this.faults.length === 1 ? super.explain() : `${this.code}: ${this.message}\n${this.spec.remedy}`;
  }
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** One line: place and fault. */
export function formatFault({ where, message }: ConfigFault): string {
  return where ? `${where}: ${message}` : message;
}
