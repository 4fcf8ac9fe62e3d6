import assert from 'node:assert/strict';
import test from 'node:test';
import { sensitiveThings } from '../../../../src/detect/exposure/sensitive.ts';
import { EventView } from '../../../../src/detect/view.ts';
import { decoded, eventWith, NO_PAST, recordOf } from '../support.ts';

const named = (...names: string[]) => sensitiveThings(names, 'dev', []).join();

test('things are known by whole words of names', () => {
  const cases: [name: string, what: string][] = [
    ['kubernetes-dashboard', 'dashboard'],
    ['sales-dashboard', ''],
    ['redis', 'redis'],
    ['Redis-Master', 'redis'],
    ['my-redis7', 'redis'],
    ['prediscovery', ''],
    ['redistribution', ''],
    ['redis-exporter', ''],
    ['my-postgresql-ha', 'postgres'],
    ['postgres', 'postgres'],
    ['mongo', 'mongodb'],
    ['mongodb-headless', 'mongodb'],
    ['mongolia', ''],
    ['apache-nifi', 'nifi'],
    ['significant', ''],
    ['argocd-server', 'argocd'],
    ['grafana.example.com', 'grafana'],
    ['kube-prometheus-stack-prometheus', 'prometheus'],
    ['centraldashboard', 'kubeflow'],
    ['jupyterhub', 'jupyter'],
    ['sparkle', ''],
    ['web', ''],
    ['', ''],
  ];
  for (const [name, what] of cases) assert.equal(named(name), what, name);
  assert.equal(named('web', 'mysql', 'redis'), 'redis,mysql');
  assert.equal(named('x'.repeat(1_000_000)), '');
});

test('things are known by ports that nothing else uses, and by namespaces that are theirs', () => {
  assert.deepEqual(sensitiveThings([], 'dev', [80, 8080, 443]), []);
  assert.deepEqual(sensitiveThings([], 'dev', [80, 10250, 5432]), ['kubelet', 'postgres']);
  assert.deepEqual(sensitiveThings(['kong-proxy'], 'kubernetes-dashboard', [443]), ['dashboard']);
  assert.deepEqual(sensitiveThings(['istio-ingressgateway'], 'kubeflow', []), ['kubeflow']);
});

test('names come from the object, its labels and selector, hosts and backends', () => {
  const what = (resource: string, requestObject: object) =>
    new EventView(
      decoded(
        recordOf(
          eventWith({ objectRef: { resource, namespace: 'dev', name: 'db', apiGroup: '' }, requestObject }),
        ),
      ),
      NO_PAST,
    ).exposure?.what?.join();
  const type = 'LoadBalancer';
  assert.equal(what('services', { spec: { type } }), undefined);
  assert.equal(what('services', { metadata: { name: 'mysql' }, spec: { type } }), 'mysql');
  assert.equal(
    what('services', { spec: { type, selector: { 'app.kubernetes.io/name': 'kafka' } } }),
    'kafka',
  );
  assert.equal(what('services', { metadata: { labels: { app: 'jenkins' } }, spec: { type } }), 'jenkins');
  assert.equal(
    what('services', { metadata: { labels: { release: 'prometheus' } }, spec: { type } }),
    undefined,
  );
  assert.equal(what('services', { spec: { type, ports: [{ port: 80, targetPort: 6379 }] } }), 'redis');
  const backend = { service: { name: 'argocd-server', port: { number: 80 } } };
  const rules = [{ host: 'cd.example.com', http: { paths: [{ backend }] } }];
  assert.equal(what('ingresses', { spec: { rules } }), 'argocd');
  assert.equal(what('ingresses', { spec: { rules: [{ host: 'vault.example.com' }] } }), 'vault');
  const old = { serviceName: 'db', servicePort: 5984 };
  assert.equal(what('ingresses', { spec: { backend: old } }), 'couchdb');
});
