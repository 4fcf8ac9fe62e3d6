import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import test from 'node:test';
import { needsShared } from '../../servers/imports.ts';
import { temporaryFolder } from './child.ts';

const SHARED = join(import.meta.dirname, '..', '..', 'servers', 'shared.ts');

test('a test file needs the shared servers if an import leads to them', () => {
  const folder = temporaryFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const shared = relative(folder, SHARED);
  file('suite.ts', `import './direct.test.ts';\nimport { a } from './suite.ts';\n`);
  const direct = file('direct.test.ts', `import { sharedKafka } from '${shared}';\n`);
  const through = file('through.test.ts', `import {\n  suite,\n} from './suite.ts';\n`);
  const later = file('later.test.ts', `await import('./direct.test.ts');\n`);
  const not = file('not.test.ts', `import { Kafka } from 'kafkajs';\n// ${shared}\n`);
  assert.deepEqual([direct, through, later, not].map(needsShared), [true, true, true, false]);
});
