import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import test from 'node:test';
import { fakeMaven, startChild, temporaryFolder } from './child.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const SHARED = join(ROOT, 'test', 'servers', 'shared.ts');

const REMEDY = /Install Java 17.*Maven, or Docker, or set GATEWATCH_TEST_KAFKA.*GATEWATCH_TEST_ELASTICSEARCH/;

/** An environment with nothing that could start a server. */
const NOTHING = {
  JAVA_HOME: undefined,
  GATEWATCH_TEST_KAFKA: undefined,
  GATEWATCH_TEST_ELASTICSEARCH: undefined,
};

for (const start of ['startKafka', 'startElasticsearch'])
  test(`${start} names the remedy where there is neither Java nor Docker`, async () => {
    const message = await failureOf(start, { ...NOTHING, PATH: temporaryFolder() });
    assert.match(message, /Java 17 was not found, and no Docker engine answers/);
    assert.match(message, REMEDY);
  });

test('a download that fails is tried again, says why and leaves nothing', async () => {
  const cache = temporaryFolder();
  const tries = join(temporaryFolder(), 'tries');
  const PATH = [fakeMaven(`echo x >> ${tries}; echo no such host; exit 1`), process.env.PATH].join(delimiter);
  const message = await failureOf('startKafka', { PATH, GATEWATCH_TEST_CACHE: cache });
  assert.match(message, /no such host/);
  assert.match(message, REMEDY);
  assert.equal(readFileSync(tries, 'utf8'), 'x\nx\nx\n');
  assert.deepEqual(readdirSync(cache), ['lock']);
});

test('npm test fails clearly, and runs what needs no server', () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'needs.test.ts'),
    `import { sharedKafka } from '${relative(folder, SHARED)}';\nawait sharedKafka();\n`,
  );
  writeFileSync(join(folder, 'free.test.ts'), `import test from 'node:test';\ntest('free', () => {});\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['test/run.ts', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    // Without what tells a runner that it runs below another one.
    env: { PATH: folder },
  });
  assert.equal(status, 1, stderr);
  assert.match(stderr, REMEDY);
  assert.match(stdout, /failed: .*needs\.test\.ts: needs a server that cannot be started/);
  assert.match(stdout, /\n1 passed, 1 failed\n$/);
});

/** Message of the error that starting a server ends with. */
async function failureOf(start: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = startChild(`process.send(await ${start}().catch(({ message }) => message));`, env);
  const [message] = (await once(child, 'message')) as [string];
  child.kill('SIGKILL');
  return message;
}
