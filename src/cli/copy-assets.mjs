// Part of `npm run build`: what the compiled sources read beside them and the compiler does not copy.
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

for (const path of ['src/console/views', 'src/console/assets', 'src/cli/demo/recording.ndjson.gz']) {
  cpSync(join(ROOT, path), join(ROOT, 'dist', path), { recursive: true });
}
