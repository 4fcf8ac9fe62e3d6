import { readFileSync } from 'node:fs';

/** The version in package.json, which lies above `src` in a checkout and above `dist` in the package. */
export function version(): string {
  const inSource = import.meta.url.endsWith('.ts');
  const file = new URL(inSource ? '../../package.json' : '../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
