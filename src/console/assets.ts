import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Exact } from './show.ts';

const TYPES = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
export type AssetName = keyof typeof TYPES;

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** Changes with the content, so that browsers may keep the file for ever. */
  readonly href: Exact;
}

/** The console's own style, script and icon; nothing is loaded from elsewhere. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  Object.entries(TYPES).map(([name, type]) => {
    const body = readFileSync(new URL(`./assets/${name}`, import.meta.url));
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
    return [name, { type, body, href: new Exact(`/assets/${name}?v=${hash}`) }];
  }),
);

/** Address of an asset, for templates. */
export function assetHref(name: AssetName): Exact | undefined {
  return ASSETS.get(name)?.href;
}
