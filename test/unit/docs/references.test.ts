import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { generateDocs } from '../../../docs/generate.ts';
import { formatPath, leafPaths } from '../../../src/config/keys.ts';
import { ERRORS } from '../../../src/errors.ts';
import { METRICS } from '../../../src/telemetry/metrics.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** The sources, but for the list of errors itself. */
const SOURCES = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((file) => file !== join('src', 'errors.ts'))
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

suite('generated references', () => {
  for (const [name, text] of Object.entries(generateDocs())) {
    test(`docs/${name} is what its source says: run \`npm run docs\``, () => {
      assert.equal(readFileSync(join(ROOT, 'docs', name), 'utf8'), text);
    });
  }
});

suite('error codes', () => {
  test('every code is used in the sources', () => {
    const used = (code: string) => SOURCES.some(({ text }) => text.includes(`'${code}'`));
    assert.deepEqual(
      Object.keys(ERRORS).filter((code) => !used(code)),
      [],
    );
  });

  test('no code outside the list is used', () => {
    const unknown = SOURCES.flatMap(({ file, text }) =>
      [
        ...text.matchAll(
          /\b(?:GatewatchError|ConfigError)\(\s*['"`]([^'"`]+)|\bcode:\s*['"`]([A-Z]+(?:_[A-Z0-9]+)+)['"`]/g,
        ),
      ]
        .map(([, thrown, named]) => thrown ?? named ?? '')
        .filter((code) => !Object.hasOwn(ERRORS, code))
        .map((code) => `${file}: ${code}`),
    );
    assert.deepEqual(unknown, []);
  });

  test('every key of the configuration that an error or metric speaks of exists', () => {
    const keys = new Set(leafPaths().map(formatPath));
    const sections = new Set([...keys].map((key) => key.split('.')[0]));
    const texts = [
      ...Object.values(ERRORS).flatMap(({ meaning, remedy }) => [meaning, remedy]),
      ...Object.values(METRICS).map(({ help }) => help),
    ];
    const spokenOf = texts.flatMap((text) =>
      [...text.matchAll(/\b([a-z]+)\.([a-z]+(?:_[a-z]+)*|port)\b/g)]
        .filter(([, section]) => sections.has(section))
        .map(([key]) => key),
    );
    assert.deepEqual(
      spokenOf.filter((key) => !keys.has(key)),
      [],
    );
  });
});
