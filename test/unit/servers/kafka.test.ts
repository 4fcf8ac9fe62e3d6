import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Kafka, logLevel, type SASLOptions } from 'kafkajs';
import { type KafkaServer, startKafka } from '../../servers/kafka.ts';
import { isAlive } from './processes.ts';

let server: KafkaServer;

before(async () => {
  server = await startKafka();
});
after(() => server?.remove());

test('what was produced is there after SIGKILL and a new start on the same port', async () => {
  const kafka = clientOf(server);
  const admin = kafka.admin();
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'kept', acks: -1, messages: [{ value: 'before' }] });
  await producer.disconnect();

  const { brokers, pid } = server;
  await server.kill();
  assert.equal(isAlive(pid), false);
  await server.start();

  assert.deepEqual(server.brokers, brokers);
  assert.notEqual(server.pid, pid);
  assert.equal((await admin.fetchTopicOffsets('kept'))[0]?.high, '1');
  await admin.disconnect();
});

test('transactions and consumer groups work on one node', async () => {
  const kafka = clientOf(server);
  const admin = kafka.admin();
  await admin.createTopics({ topics: [{ topic: 'committed', numPartitions: 1 }] });
  const producer = kafka.producer({ transactionalId: 'one', idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: 'committed', messages: [{ value: 'exactly once' }] });
  await transaction.commit();
  const partitions = [{ partition: 0, offset: '1' }];
  await admin.setOffsets({ groupId: 'group', topic: 'committed', partitions });
  const [offsets] = await admin.fetchOffsets({ groupId: 'group', topics: ['committed'] });
  assert.equal(offsets?.partitions[0]?.offset, '1');
  await producer.disconnect();
  await admin.disconnect();
});

test('no topic comes into being by asking for it', async () => {
  const admin = clientOf(server).admin();
  await assert.rejects(admin.fetchTopicMetadata({ topics: ['nobody-made-this'] }));
  assert.equal((await admin.listTopics()).includes('nobody-made-this'), false);
  await admin.disconnect();
});

test('a paused server answers nothing until it is resumed', async () => {
  const admin = clientOf(server).admin();
  await admin.connect();
  await server.pause();
  let answered = false;
  const answer = admin.listTopics().then((topics) => {
    answered = true;
    return topics;
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(answered, false);
  await server.resume();
  assert.ok((await answer).length > 0);
  await admin.disconnect();
});

test('a server that was stopped, even while paused, starts again', async () => {
  await server.pause();
  await server.stop();
  await server.start();
  await assert.rejects(server.start(), /running already/);
});

test('the client listener takes SASL by properties', async () => {
  const secured = await startKafka({
    scram: ['SCRAM-SHA-512=[name=alice,password=secret]'],
    properties: {
      'listener.security.protocol.map': 'CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'listener.name.client.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.client.scram-sha-512.sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    },
  });
  try {
    const topicsAs = async (password: string): Promise<string[]> => {
      const admin = clientOf(secured, { mechanism: 'scram-sha-512', username: 'alice', password }).admin();
      try {
        return await admin.listTopics();
      } finally {
        await admin.disconnect();
      }
    };
    assert.deepEqual(await topicsAs('secret'), []);
    await assert.rejects(topicsAs('wrong'), /SASL/);
  } finally {
    await secured.remove();
  }
});

function clientOf({ brokers }: KafkaServer, sasl?: SASLOptions): Kafka {
  return new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    // The coordinators of a fresh broker ask for patience.
    retry: { initialRetryTime: 100, retries: 20 },
    ...(sasl ? { sasl } : {}),
  });
}
