/** What the tests run on. Every version and checksum is here and nowhere else. */
export const KAFKA = {
  version: '4.4.0',
  artifacts: ['org.apache.kafka:kafka_2.13:4.4.0', 'org.slf4j:slf4j-simple:1.7.36'],
  image: 'apache/kafka:4.4.0',
} as const;

export const ELASTICSEARCH = {
  version: '8.19.21',
  /** Elastic's own server with a reduced set of modules. */
  artifact: 'org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.19.21:zip',
  sha256: '215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a',
  image: 'docker.elastic.co/elasticsearch/elasticsearch:8.19.21',
} as const;

export const MAVEN_DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';
