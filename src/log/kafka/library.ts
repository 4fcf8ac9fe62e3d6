import { createRequire } from 'node:module';

// kafkajs 2.2.4 is its last release, and pinned. What is mended here cannot be reached from outside.

const require = createRequire(import.meta.url);

/** The requests on one connection. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

// It looks every millisecond at what is pending, also when nothing is, and has Node warn of timers that lie in the past (issue 1751):
// with the few connections of an idle process that is a tenth of a core.
const { prototype: queue } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
const { scheduleCheckPendingRequests } = queue;
queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
};

type Ask = (broker: object) => Promise<unknown>;

/** The brokers of one client. */
interface BrokerPool {
  withBroker(ask: Ask): Promise<unknown>;
}

// It asks one broker after the other, and when none answers well it says nothing of why: that a user may not use a group, for example.
const { prototype: pool } = require('kafkajs/src/cluster/brokerPool') as { prototype: BrokerPool };
const { withBroker } = pool;
pool.withBroker = async function (this: BrokerPool, ask: Ask) {
  let refusal: unknown;
  const answer = await withBroker.call(this, async (broker) => {
    try {
      return await ask(broker);
    } catch (error) {
      refusal = error;
      throw error;
    }
  });
  if (answer === null) throw refusal;
  return answer;
};
