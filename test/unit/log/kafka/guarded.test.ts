import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import kafkajs from 'kafkajs';
import { type ErrorCode, GatewatchError } from '../../../../src/errors.ts';
import { KafkaLog } from '../../../../src/log/kafka/log.ts';
import { findJava } from '../../../servers/tools.ts';
import { gatewatch } from '../../cli/program.ts';
import { entry, hasCode } from '../helpers.ts';
import { type GuardedKafka, startGuardedKafka, USERS } from './guarded.ts';
import { adminOf, fileWith, openLog, optionsOf, Recorder } from './support.ts';

/** Far beyond the longest wait for a broker that does not answer, and for a token. */
const REFUSAL_MS_MAX = 30_000;

const SECRETS = [...Object.values(USERS), 'wrong password', 'wr.on.g'];

const java = await findJava();

describe('a Kafka that asks who is there', {
  skip: java ? false : 'needs Java: in a container it has one way in',
}, () => {
  let folder = '';
  let kafka: GuardedKafka;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewatch-guarded-'));
    kafka = await startGuardedKafka(folder);
  });
  after(async () => {
    await kafka?.server.remove();
    await rm(folder, { recursive: true });
  });

  async function login(mechanism: string, username: string, password: string): Promise<object> {
    const password_file = await fileWith(folder, `password-${username}`, `${password}\n`);
    return { brokers: [kafka.sasl], sasl: { mechanism, username, password_file } };
  }

  function token(...token_command: string[]): object {
    return { brokers: [kafka.sasl], sasl: { mechanism: 'oauthbearer', token_command } };
  }

  function secured(broker: string, files: object = {}): object {
    return { brokers: [broker], tls: { enabled: true, ...files } };
  }

  /** Opening a log fails so, in bounded time, and no secret is told. */
  async function assertRefused(options: object, code: ErrorCode, message: RegExp): Promise<void> {
    const start = performance.now();
    await assert.rejects(
      async () => KafkaLog.open(optionsOf(options)),
      (error) => {
        assert.ok(error instanceof GatewatchError, String(error));
        const said = error.explain();
        assert.equal(error.code, code, said);
        assert.match(said, message);
        for (const secret of SECRETS) assert.ok(!said.includes(secret), said);
        return true;
      },
    );
    assert.ok(performance.now() - start < REFUSAL_MS_MAX);
  }

  const ways: readonly (readonly [string, () => object | Promise<object>])[] = [
    ['a password in the clear', () => login('plain', 'gatewatch', USERS.gatewatch)],
    ['SCRAM-SHA-256', () => login('scram-sha-256', 'gatewatch', USERS.gatewatch)],
    ['SCRAM-SHA-512', () => login('scram-sha-512', 'gatewatch', USERS.gatewatch)],
    ['a token', () => token('echo', tokenOf('gatewatch'))],
    ['a token in JSON', () => token('echo', JSON.stringify({ access_token: tokenOf('gatewatch') }))],
    ['TLS', () => secured(kafka.tls, { ca_file: kafka.files.ca })],
    [
      "TLS with a client's certificate",
      () => {
        const { ca, cert, key } = kafka.files;
        return secured(kafka.mutual, { ca_file: ca, cert_file: cert, key_file: key });
      },
    ],
  ];
  for (const [name, options] of ways) {
    test(`${name} lets in: topics, appends, consumers, tables`, async (t) => {
      const log = await openLog(
        t,
        optionsOf({ ...(await options()), prefix: `${name.replace(/\W/g, '-')}.` }),
      );
      await log.append('namespaces', [entry('prod/web', 'v')]);
      const recorder = new Recorder();
      const consumer = await log.consume('namespaces', 'detect', recorder);
      await consumer.drained();
      assert.deepEqual(recorder.values, ['v']);
      const tables = await Promise.all([0, 1, 2, 3].map((partition) => log.table('namespaces', partition)));
      assert.equal(tables.flat().length, 1);
      assert.equal(await log.check(), undefined);
    });
  }

  const refused: readonly (readonly [string, () => object | Promise<object>, ErrorCode, RegExp])[] = [
    [
      'a wrong password in the clear',
      () => login('plain', 'gatewatch', 'wrong password'),
      'KAFKA_AUTHENTICATION_FAILED',
      /Invalid username or password/,
    ],
    [
      'a wrong password with SCRAM-SHA-256',
      () => login('scram-sha-256', 'gatewatch', 'wrong password'),
      'KAFKA_AUTHENTICATION_FAILED',
      /invalid credentials/,
    ],
    [
      'an unknown user with SCRAM-SHA-512',
      () => login('scram-sha-512', 'somebody', 'wrong password'),
      'KAFKA_AUTHENTICATION_FAILED',
      /invalid credentials/,
    ],
    [
      'an expired token',
      () => token('echo', tokenOf('gatewatch', -3600)),
      'KAFKA_AUTHENTICATION_FAILED',
      /invalid_token/,
    ],
    ['what is no token', () => token('echo', 'wr.on.g'), 'KAFKA_AUTHENTICATION_FAILED', /invalid_token/],
    [
      'a token command that fails',
      () => token('sh', '-c', 'echo wr.on.g; exit 3'),
      'KAFKA_AUTHENTICATION_FAILED',
      /kafka\.sasl\.token_command.*exit code 3/,
    ],
    [
      'a login where none is asked for',
      async () => ({ ...(await login('plain', 'gatewatch', USERS.gatewatch)), brokers: [kafka.open] }),
      'KAFKA_AUTHENTICATION_FAILED',
      /SASL/,
    ],
    ['no login', () => ({ brokers: [kafka.sasl] }), 'KAFKA_UNREACHABLE', /wants TLS or a login/],
    [
      'an authority that nobody has vouched for',
      () => secured(kafka.tls),
      'KAFKA_AUTHENTICATION_FAILED',
      /verify the first certificate/,
    ],
    [
      'a certificate that is missing',
      () => secured(kafka.mutual, { ca_file: kafka.files.ca }),
      'KAFKA_AUTHENTICATION_FAILED',
      /certificate/,
    ],
    [
      'a key that is none',
      () => {
        const { ca, cert } = kafka.files;
        return secured(kafka.mutual, { ca_file: ca, cert_file: cert, key_file: cert });
      },
      'KAFKA_AUTHENTICATION_FAILED',
      /kafka\.tls: .*cannot be used/,
    ],
    [
      'an authority in a file that is not there',
      () => secured(kafka.tls, { ca_file: join(folder, 'nowhere.pem') }),
      'FILE_UNREADABLE',
      /nowhere\.pem/,
    ],
    [
      'no TLS where it is spoken',
      () => ({ brokers: [kafka.tls] }),
      'KAFKA_UNREACHABLE',
      /wants TLS or a login/,
    ],
    [
      'TLS where it is not spoken',
      () => secured(kafka.open, { ca_file: kafka.files.ca }),
      'KAFKA_UNREACHABLE',
      /before secure TLS connection was established.*whether the port speaks TLS/,
    ],
    [
      'an address where nobody listens',
      () => ({ brokers: ['127.0.0.1:1'] }),
      'KAFKA_UNREACHABLE',
      /ECONNREFUSED/,
    ],
    [
      'a name that nobody has',
      () => ({ brokers: ['kafka-sasl-tls.invalid:9092'] }),
      'KAFKA_UNREACHABLE',
      /kafka-sasl-tls\.invalid/,
    ],
  ];
  for (const [name, options, code, message] of refused) {
    test(`${name}: ${code}`, async () => assertRefused(await options(), code, message));
  }

  test('commands say so and end with 1', async () => {
    const options = await login('plain', 'gatewatch', 'wrong password');
    const config = await fileWith(
      folder,
      'gatewatch.yaml',
      JSON.stringify({ kafka: options, https: { enabled: false } }),
    );
    const common = ['--config', config, '--data-dir', join(folder, 'data'), '--set', 'http.port=0'];
    const commands = [['serve'], ['topics', 'apply']];
    const ran = await Promise.all(commands.map((command) => gatewatch(...command, ...common)));
    for (const { code, stdout, stderr } of ran) {
      assert.equal(code, 1, stdout + stderr);
      assert.match(
        stderr,
        /KAFKA_AUTHENTICATION_FAILED at kafka: .*Invalid username or password\. Correct the sections/,
      );
      assert.ok(!`${stdout}${stderr}`.includes('wrong password'));
    }
  });

  describe('what a user may not do', () => {
    const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
    const { TOPIC, GROUP } = AclResourceTypes;
    const { DESCRIBE, DESCRIBE_CONFIGS, CREATE, READ, WRITE } = AclOperationTypes;

    /** The options of a user who may do only this, to what begins with the prefix. */
    async function allowed(
      t: TestContext,
      prefix: string,
      rights: readonly (readonly [number, ...number[]])[],
    ): Promise<object> {
      const acl = rights.flatMap(([resourceType, ...operations]) =>
        operations.map((operation) => ({
          resourceType,
          resourceName: prefix,
          resourcePatternType: ResourcePatternTypes.PREFIXED,
          principal: 'User:nobody',
          host: '*',
          operation,
          permissionType: AclPermissionTypes.ALLOW,
        })),
      );
      if (acl.length > 0)
        await adminOf(t, optionsOf({ brokers: [kafka.open] })).use('', (admin) => admin.createAcls({ acl }));
      return { ...(await login('plain', 'nobody', USERS.nobody)), prefix };
    }

    test('reading a topic is named', async (t) => {
      await assertRefused(
        await allowed(t, 'a.', []),
        'KAFKA_NOT_ALLOWED',
        /at a\.records: .*could not be read/,
      );
    });

    test('creating a topic is named', async (t) => {
      const options = await allowed(t, 'b.', [[TOPIC, DESCRIBE]]);
      await assertRefused(options, 'KAFKA_NOT_ALLOWED', /at b\.\S+: .*could not be created/);
    });

    test('appending is named, and goes on as soon as it is allowed', async (t) => {
      const log = await openLog(
        t,
        optionsOf(await allowed(t, 'c.', [[TOPIC, DESCRIBE, DESCRIBE_CONFIGS, CREATE, READ]])),
      );
      const append = () => log.append('records', [entry('k', 'v')]);
      await assert.rejects(append, (error) => {
        assert.ok(hasCode('KAFKA_NOT_ALLOWED')(error));
        assert.equal((error as GatewatchError).where, 'c.records');
        return true;
      });
      await allowed(t, 'c.', [[TOPIC, WRITE]]);
      await append();
    });

    test('reading as a group is named, and goes on as soon as it is allowed', async (t) => {
      const rights = [TOPIC, DESCRIBE, DESCRIBE_CONFIGS, CREATE, WRITE] as const;
      const log = await openLog(t, optionsOf(await allowed(t, 'd.', [rights])));
      await log.append('records', [entry('k', 'v')]);
      const recorder = new Recorder();
      const consumer = await log.consume('records', 'detect', recorder);
      const problem = async (message: RegExp): Promise<void> => {
        while (!message.test(consumer.problem?.explain() ?? '')) await new Promise(setImmediate);
        assert.equal(consumer.problem?.code, 'KAFKA_NOT_ALLOWED');
      };
      await problem(/at d\.records: Group d\.detect cannot read d\.records: Not authorized to access group/);
      await allowed(t, 'd.', [[GROUP, READ, DESCRIBE]]);
      await problem(/at d\.records: Group d\.detect cannot read d\.records: Not authorized to access topics/);
      await allowed(t, 'd.', [[TOPIC, READ]]);
      await consumer.drained();
      assert.deepEqual(recorder.values, ['v']);
    });
  });
});

/** A token as the broker of the tests takes it: nobody has signed it. */
function tokenOf(subject: string, seconds = 3600): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: subject, iat: Math.min(now, now + seconds) - 60, exp: now + seconds };
  const encoded = [{ alg: 'none' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${encoded.join('.')}.`;
}
