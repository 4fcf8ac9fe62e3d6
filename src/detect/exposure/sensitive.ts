import { isObject } from '../decode/json.ts';

/** A thing that should not be open to everybody, and what tells it. */
interface Sensitive {
  readonly what: string;
  /** Words of a name, whole but for digits behind them. */
  readonly words: string;
  /** Names of namespaces in which everything belongs to it. */
  readonly namespaces?: readonly string[];
  /** Ports that nothing else uses. */
  readonly ports?: readonly number[];
}

/** Databases, consoles and control planes that attackers look for. One line a thing. */
const SENSITIVE: readonly Sensitive[] = [
  {
    what: 'dashboard',
    words: 'kubernetes-?dashboard|k8s-?dashboard|headlamp|octant|skooner',
    namespaces: ['kubernetes-dashboard'],
  },
  { what: 'kubeflow', words: 'kubeflow|centraldashboard|ml-pipeline', namespaces: ['kubeflow'] },
  { what: 'kube-apiserver', words: 'kube-?apiserver', ports: [6443] },
  { what: 'kubelet', words: 'kubelet', ports: [10250, 10255] },
  { what: 'etcd', words: 'etcd', ports: [2379, 2380] },
  { what: 'docker', words: 'dockerd|docker-(?:api|daemon|socket|proxy)|dind', ports: [2375, 2376] },
  { what: 'tiller', words: 'tiller', ports: [44134] },
  { what: 'rancher', words: 'rancher' },
  { what: 'portainer', words: 'portainer' },
  { what: 'weave-scope', words: 'weave-?scope' },
  { what: 'nifi', words: 'nifi' },
  { what: 'argocd', words: 'argo-?cd' },
  { what: 'argo-workflows', words: 'argo-?(?:workflows?|server)' },
  { what: 'jenkins', words: 'jenkins' },
  { what: 'gitlab', words: 'gitlab' },
  { what: 'airflow', words: 'airflow' },
  { what: 'jupyter', words: 'jupyter(?:hub|lab)?' },
  { what: 'mlflow', words: 'mlflow' },
  { what: 'ray', words: 'ray-(?:head|dashboard)|raycluster' },
  { what: 'spark', words: 'spark' },
  { what: 'hadoop', words: 'hadoop|hdfs|namenode|resourcemanager' },
  { what: 'grafana', words: 'grafana' },
  { what: 'prometheus', words: 'prometheus' },
  { what: 'alertmanager', words: 'alertmanager' },
  { what: 'kibana', words: 'kibana|opensearch-dashboards' },
  { what: 'vault', words: 'vault', ports: [8200] },
  { what: 'consul', words: 'consul', ports: [8500] },
  { what: 'minio', words: 'minio' },
  { what: 'redis', words: 'redis|valkey', ports: [6379, 26379] },
  { what: 'postgres', words: 'postgres(?:ql)?|pgbouncer|pgpool', ports: [5432] },
  { what: 'mysql', words: 'mysql|mariadb|percona', ports: [3306] },
  { what: 'mongodb', words: 'mongo(?:db|s|d)?', ports: [27017] },
  { what: 'mssql', words: 'mssql|sqlserver', ports: [1433] },
  { what: 'elasticsearch', words: 'elasticsearch|opensearch', ports: [9200, 9300] },
  { what: 'cassandra', words: 'cassandra|scylla(?:db)?', ports: [9042] },
  { what: 'couchdb', words: 'couchdb', ports: [5984] },
  { what: 'clickhouse', words: 'clickhouse' },
  { what: 'cockroachdb', words: 'cockroach(?:db)?', ports: [26257] },
  { what: 'influxdb', words: 'influxdb', ports: [8086] },
  { what: 'neo4j', words: 'neo4j', ports: [7474, 7687] },
  { what: 'memcached', words: 'memcached?', ports: [11211] },
  { what: 'rabbitmq', words: 'rabbitmq', ports: [5672, 15672] },
  { what: 'kafka', words: 'kafka', ports: [9092] },
  { what: 'zookeeper', words: 'zookeeper', ports: [2181] },
  { what: 'database-console', words: 'phpmyadmin|pgadmin|adminer|mongo-express|redis-?commander' },
  { what: 'ldap', words: 'openldap|ldap', ports: [389, 636] },
  { what: 'nfs', words: 'nfs-server', ports: [2049] },
  { what: 'smb', words: 'samba', ports: [445] },
  { what: 'ssh', words: 'sshd?', ports: [22] },
  { what: 'telnet', words: 'telnetd?', ports: [23] },
  { what: 'rdp', words: 'xrdp', ports: [3389] },
  { what: 'vnc', words: 'vnc', ports: [5900] },
];

const MATCHERS = SENSITIVE.map(({ words, namespaces = [], ports = [], what }) => ({
  what,
  pattern: new RegExp(`(?<![a-z0-9])(?:${words})\\d*(?![a-z])`),
  namespaces: new Set(namespaces),
  ports: new Set(ports),
}));

/** What only watches a thing is not the thing. */
const WATCHER = /exporter/;

/** Labels by which an application is called. */
const IDENTIFYING = new Set([
  'app',
  'name',
  'run',
  'role',
  'component',
  'service',
  'k8s-app',
  'app.kubernetes.io/name',
  'app.kubernetes.io/component',
  'app.kubernetes.io/part-of',
]);

/** Names and characters of one that are looked at. */
const NAMES_MAX = 1000;
const NAME_CHARS_MAX = 253;

/** Whether a label is one by which an application is called. */
export function isIdentifying(label: string): boolean {
  return IDENTIFYING.has(label);
}

/** Values of the labels, of an object or a selector, that say what an application is. */
export function identifyingLabels(labels: unknown): readonly string[] {
  if (!isObject(labels)) return [];
  return Object.entries(labels).flatMap(([name, value]) =>
    IDENTIFYING.has(name) && typeof value === 'string' ? [value] : [],
  );
}

/** The sensitive things that names, a namespace or ports give away. */
export function sensitiveThings(
  names: readonly string[],
  namespace: string,
  ports: readonly number[],
): readonly string[] {
  const texts = names
    .slice(0, NAMES_MAX)
    .map((name) => name.slice(0, NAME_CHARS_MAX).toLowerCase())
    .filter((name) => !WATCHER.test(name));
  return MATCHERS.filter(
    (matcher) =>
      matcher.namespaces.has(namespace) ||
      ports.some((port) => matcher.ports.has(port)) ||
      texts.some((text) => matcher.pattern.test(text)),
  ).map(({ what }) => what);
}
