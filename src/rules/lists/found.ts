/** A value of a list, and where the file has it. */
export interface Found {
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What is wrong with a list file; whoever reads the file adds its name. */
export class ListFault extends Error {
  /** Counted from 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** What publishers call the column or key that holds the address or name, best first; case, spaces and underscores do not count. */
const VALUE_NAMES = [
  'value',
  'cidr',
  'network',
  'netset',
  'ipprefix',
  'prefix',
  'ipaddress',
  'dstip',
  'srcip',
  'ip',
  'address',
];

/** Which of the names of columns or keys is that of the value. */
export function valueColumn(names: readonly string[]): number {
  const plain = names.map((name) => name.toLowerCase().replaceAll(/[\s_-]/g, ''));
  for (const name of VALUE_NAMES) {
    const place = plain.indexOf(name);
    if (place >= 0) return place;
  }
  return -1;
}
