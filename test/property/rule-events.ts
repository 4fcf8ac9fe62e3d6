import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Tests that lie beside rules share a few events by aliases. */
const ALIASES_MAX = 100_000;

const folder = join(import.meta.dirname, '../../rules');

/** An audit event, or what stands in its place. */
export type Event = Record<string, unknown>;

/** The events of one test that lies beside a rule. */
export interface RuleEvents {
  readonly name: string;
  readonly events: readonly Event[];
}

interface Tests {
  readonly tests: readonly { readonly name: string; readonly expect: string; readonly events?: Event[] }[];
}

/** Events of the tests beside the shipped rules that expect a match. */
export function ruleEvents(): readonly RuleEvents[] {
  return globSync('**/*.tests.yml', { cwd: folder })
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const { tests } = parse(text, { merge: true, maxAliasCount: ALIASES_MAX }) as Tests;
      return tests
        .filter(({ expect, events }) => expect === 'match' && events !== undefined)
        .map(({ name, events }) => ({
          name: `${file}: ${name}`,
          events: JSON.parse(JSON.stringify(events)),
        }));
    });
}
