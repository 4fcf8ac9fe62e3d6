import { type ElasticsearchServer, startElasticsearch } from './elasticsearch.ts';
import { type KafkaServer, startKafka } from './kafka.ts';

// `npm test` starts one server of each kind for all tests and names them here to each test process. A test file that is run alone
// starts its own.

let kafka: Promise<KafkaServer> | undefined;
let elasticsearch: Promise<ElasticsearchServer> | undefined;

/** Brokers of the Kafka that all tests share: use topics of your own. */
export async function sharedKafka(): Promise<readonly string[]> {
  const { GATEWATCH_TEST_KAFKA } = process.env;
  if (GATEWATCH_TEST_KAFKA) return GATEWATCH_TEST_KAFKA.split(',');
  kafka ??= startKafka();
  return (await kafka).brokers;
}

/** URL of the Elasticsearch that all tests share: use indices of your own. */
export async function sharedElasticsearch(): Promise<string> {
  const { GATEWATCH_TEST_ELASTICSEARCH } = process.env;
  if (GATEWATCH_TEST_ELASTICSEARCH) return GATEWATCH_TEST_ELASTICSEARCH;
  elasticsearch ??= startElasticsearch();
  return (await elasticsearch).url;
}

/** Removes what was started here. The end of the process does that too, but nobody waits for it then. */
export async function removeShared(): Promise<void> {
  const started = await Promise.allSettled([kafka, elasticsearch]);
  await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value?.remove() : undefined)));
}
