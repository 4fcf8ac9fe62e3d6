import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Exposure } from '../../../../src/detect/exposure/exposure.ts';
import { EventView } from '../../../../src/detect/view.ts';
import { decoded, eventWith, NO_PAST, recordOf, reviewRecord, wrongTypesIn } from '../support.ts';

const FIXTURE = join(import.meta.dirname, '../../../fixtures/detect/exposures.ndjson');

function exposureIn(event: object | string): Exposure | undefined {
  return new EventView(decoded(recordOf(event)), NO_PAST).exposure;
}

function service(object: object, fields: object = {}) {
  const objectRef = { resource: 'services', name: 'web', namespace: 'dev', apiVersion: 'v1' };
  return eventWith({ objectRef, requestObject: { kind: 'Service', ...object }, ...fields });
}

function ingress(object: object, fields: object = {}) {
  const objectRef = { resource: 'ingresses', name: 'web', namespace: 'dev', apiGroup: 'networking.k8s.io' };
  return eventWith({ objectRef, requestObject: { kind: 'Ingress', ...object }, ...fields });
}

const annotated = (annotations: object) => ({ metadata: { annotations }, spec: { type: 'LoadBalancer' } });

test('what recorded Services and Ingresses expose', () => {
  const lines = readFileSync(FIXTURE, 'utf8').trim().split('\n');
  const shown = lines.map((line) => {
    const found = exposureIn(line);
    return found && [found.how.join(), found.open_to?.join(), found.port?.join(), found.node_port?.join()];
  });
  const all = '0.0.0.0/0';
  assert.deepEqual(shown, [
    ['load-balancer', all, '80', '32539'],
    ['node-port', all, '80', '32719'],
    ['external-ips', all, '80', undefined],
    undefined,
    ['load-balancer', all, '80', '31558'],
    ['load-balancer,external-ips', all, '80', '31558'],
    ['load-balancer', all, '80', '32539'],
    ['load-balancer,internet-facing', all, '80', '32539'],
    ['external-name', undefined, undefined, undefined],
    ['load-balancer-status', undefined, '80', '32539'],
    ['ingress,ingress-without-tls,ingress-any-host', all, undefined, undefined],
    ['ingress,ingress-without-tls,ingress-any-host,ingress-snippet', all, undefined, undefined],
    undefined,
  ]);
});

test('a patch of what has nothing to do with it exposes nothing', () => {
  const responseObject = { kind: 'Service', spec: { type: 'LoadBalancer' } };
  const patch = (requestObject: unknown) =>
    exposureIn(service({}, { verb: 'patch', requestObject, responseObject }))?.how.join();
  const metadata = (fields: object) => ({ metadata: fields });
  for (const unrelated of [
    metadata({ labels: { a: 'b' } }),
    metadata({ finalizers: [] }),
    metadata({ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }),
    metadata({ annotations: { 'cloud.google.com/neg-status': '{}' } }),
    { spec: { selector: { app: 'web', hash: 'a' } } },
    { spec: { sessionAffinity: 'ClientIP' } },
    [{ op: 'add', path: '/metadata/labels/x', value: 'y' }],
    [{ op: 'remove', path: '/metadata/annotations/x~1y' }],
    [{ op: 'replace', path: '/spec/selector', value: { app: 'web' } }],
    [{ op: 'replace', path: '/spec/selector/app', value: 'web' }],
    {},
    [],
    null,
  ])
    assert.equal(patch(unrelated), undefined, JSON.stringify(unrelated));
  for (const related of [
    { spec: { type: 'LoadBalancer' } },
    { spec: { loadBalancerSourceRanges: null } },
    { spec: { selector: { app: 'redis' } } },
    { spec: { $patch: 'replace', selector: {} } },
    metadata({ annotations: { 'networking.gke.io/load-balancer-type': null } }),
    metadata({ annotations: { $patch: 'replace' } }),
    metadata({ annotations: null }),
    [{ op: 'remove', path: '/spec/loadBalancerSourceRanges' }],
    [{ op: 'replace', path: '', value: {} }],
    [{ op: 'replace', path: '/spec/selector', value: { app: 'redis' } }],
    [{ op: 'replace', path: '/spec/selector/app', value: 'redis' }],
    [{ op: 'remove', path: '/metadata/annotations/networking.gke.io~1load-balancer-type' }],
  ])
    assert.equal(patch(related), 'load-balancer', JSON.stringify(related));
});

test('nothing if the object was exposed so before', () => {
  const spec = { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }], selector: { app: 'web' } };
  const after = (fields: object, before: object = { spec }) => {
    const object = { metadata: { annotations: { x: 'y' } }, spec: { ...spec, ...fields } };
    const event = service(object, { verb: 'update', responseStatus: { code: 200 } });
    const body = JSON.stringify({ metadata: {}, ...before });
    const past = { ...NO_PAST, object: () => ({ time: 0, request: 'r', body }) };
    return new EventView(decoded(recordOf(event)), past).exposure?.how.join();
  };
  assert.equal(after({}), undefined);
  assert.equal(after({ selector: { app: 'shop' }, sessionAffinity: 'ClientIP' }), undefined);
  assert.equal(after({ selector: { app: 'redis' } }), 'node-port');
  assert.equal(after({ ports: [{ port: 81, nodePort: 30080 }] }), 'node-port');
  assert.equal(after({}, { spec: { ...spec, type: 'ClusterIP' } }), 'node-port');
  const annotations = { 'networking.gke.io/load-balancer-type': 'Internal' };
  assert.equal(after({}, { metadata: { annotations }, spec }), 'node-port');
});

test('Gateways and routes, of the Gateway API and of Istio', () => {
  const found = (resource: string, apiGroup: string, spec: object) => {
    const objectRef = { resource, apiGroup, name: 'x', namespace: 'dev' };
    const exposure = exposureIn(eventWith({ objectRef, requestObject: { spec } }));
    return exposure && [exposure.how.join(), exposure.what?.join(), exposure.port?.join()];
  };
  const [gatewayApi, istio] = ['gateway.networking.k8s.io', 'networking.istio.io'];
  const rules = [{ backendRefs: [{ name: 'grafana', port: 3306 }] }];
  const route = ['route', 'grafana,mysql', undefined];
  assert.deepEqual(found('httproutes', gatewayApi, { parentRefs: [{ name: 'public' }], rules }), route);
  assert.equal(found('httproutes', gatewayApi, { rules }), undefined);
  const http = [{ route: [{ destination: { host: 'grafana', port: { number: 3306 } } }] }];
  assert.deepEqual(found('virtualservices', istio, { gateways: ['mesh', 'public'], http }), route);
  assert.equal(found('virtualservices', istio, { gateways: ['mesh'], http }), undefined);
  assert.equal(found('virtualservices', istio, { http }), undefined);
  const listeners = [{ hostname: 'grafana.example.com', port: 443 }];
  const gateway = ['gateway', 'grafana', '443'];
  assert.deepEqual(found('gateways', gatewayApi, { listeners }), gateway);
  const servers = [{ hosts: ['grafana.example.com'], port: { number: 443 } }];
  assert.deepEqual(found('gateways', istio, { servers }), gateway);
  assert.equal(found('gateways', 'example.com', { servers }), undefined);
});

test('what was refused is judged by what was asked for', () => {
  const refused = { responseStatus: { code: 403 }, responseObject: { kind: 'Status' } };
  const patch = { spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] } };
  assert.deepEqual(exposureIn(service(patch, refused))?.node_port, [30080]);
  assert.deepEqual(exposureIn(service({}, { ...refused, verb: 'patch', requestObject: patch }))?.how, [
    'node-port',
  ]);
  const operations = [{ op: 'replace', path: '/spec/type', value: 'LoadBalancer' }];
  assert.deepEqual(exposureIn(service({}, { ...refused, verb: 'patch', requestObject: operations }))?.how, [
    'load-balancer',
  ]);
  const hosts = { spec: { rules: [{ host: 'a.example.com' }] } };
  assert.deepEqual(
    exposureIn(ingress({}, { ...refused, verb: 'patch', requestObject: hosts }))?.how,
    ['ingress'],
    'the patch does not say that there is no TLS',
  );
});

test("the clouds' internal load balancers, and those that are public by name", () => {
  const prefix = 'service.beta.kubernetes.io';
  const cases: [annotations: object, internal: boolean, internetFacing?: boolean][] = [
    [{}, false],
    [{ [`${prefix}/aws-load-balancer-internal`]: 'true' }, true],
    [{ [`${prefix}/aws-load-balancer-internal`]: '0.0.0.0/0' }, true],
    [{ [`${prefix}/aws-load-balancer-internal`]: 'false' }, false, true],
    [{ [`${prefix}/aws-load-balancer-scheme`]: 'internal' }, true],
    [{ [`${prefix}/aws-load-balancer-scheme`]: 'internet-facing' }, false, true],
    [{ [`${prefix}/azure-load-balancer-internal`]: 'true' }, true],
    [{ 'networking.gke.io/load-balancer-type': 'Internal' }, true],
    [{ 'cloud.google.com/load-balancer-type': 'Internal' }, true],
    [{ [`${prefix}/alibaba-cloud-loadbalancer-address-type`]: 'intranet' }, true],
    [{ [`${prefix}/openstack-internal-load-balancer`]: 'true' }, true],
    [{ [`${prefix}/azure-load-balancer-internal`]: true }, false],
    [
      {
        [`${prefix}/aws-load-balancer-internal`]: 'true',
        [`${prefix}/aws-load-balancer-scheme`]: 'internet-facing',
      },
      false,
      true,
    ],
  ];
  for (const [annotations, internal, internetFacing = false] of cases) {
    const found = exposureIn(service(annotated(annotations)));
    assert.equal(found?.internal, internal, JSON.stringify(annotations));
    assert.equal(found?.how.includes('internet-facing'), internetFacing, JSON.stringify(annotations));
  }
});

test('the ranges that may connect', () => {
  const openTo = (object: object) => exposureIn(service(object))?.open_to;
  const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', '192.0.2.0/24'] };
  assert.deepEqual(openTo({ spec }), ['10.0.0.0/8', '192.0.2.0/24']);
  const ranges = { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8, 192.0.2.7/32,' };
  assert.deepEqual(openTo(annotated(ranges)), ['10.0.0.0/8', '192.0.2.7/32']);
  assert.deepEqual(openTo({ spec: { type: 'LoadBalancer', loadBalancerSourceRanges: [] } }), ['0.0.0.0/0']);
  const allowed = { 'nginx.ingress.kubernetes.io/whitelist-source-range': '10.0.0.0/8' };
  assert.deepEqual(exposureIn(ingress({ metadata: { annotations: allowed } }))?.open_to, ['10.0.0.0/8']);
});

test('an Ingress of any version: hosts, certificates, default backends', () => {
  const how = (spec: object, annotations: object = {}) =>
    exposureIn(ingress({ metadata: { annotations }, spec }))
      ?.how.slice(1)
      .join();
  const rule = (host?: string) => ({ host, http: { paths: [{ backend: { serviceName: 'web' } }] } });
  const tls = (...hosts: string[]) => [{ hosts, secretName: 's' }];
  const shop = 'shop.example.com';
  const cases: [spec: object, how: string, annotations?: object][] = [
    [{ rules: [rule(shop)], tls: tls(shop) }, ''],
    [{ rules: [rule(shop)], tls: tls('*.example.com') }, ''],
    [{ rules: [rule(shop)], tls: [{ secretName: 's' }] }, ''],
    [{ rules: [rule(shop)] }, 'ingress-without-tls'],
    [{ rules: [rule(shop)], tls: [] }, 'ingress-without-tls'],
    [{ rules: [rule(shop), rule('other.example.com')], tls: tls(shop) }, 'ingress-without-tls'],
    [{ rules: [rule('a.b.example.com')], tls: tls('*.example.com') }, 'ingress-without-tls'],
    [{ rules: [rule()], tls: tls(shop) }, 'ingress-any-host'],
    [{ rules: [rule('*.example.com')], tls: tls('*.example.com') }, 'ingress-any-host'],
    [{ backend: { serviceName: 'web', servicePort: 80 }, tls: tls(shop) }, 'ingress-any-host'],
    [{ defaultBackend: { service: { name: 'web' } }, tls: tls(shop) }, 'ingress-any-host'],
    [{ rules: [rule(shop)] }, '', { 'alb.ingress.kubernetes.io/certificate-arn': 'arn' }],
    [
      { rules: [rule(shop)], tls: tls(shop) },
      'ingress-snippet',
      { 'nginx.org/server-snippets': 'return 200;' },
    ],
    [
      { rules: [rule(shop)], tls: tls(shop) },
      'ingress-snippet',
      { 'haproxy-ingress.github.io/config-backend': 'x' },
    ],
  ];
  for (const [spec, expected, annotations] of cases)
    assert.equal(how(spec, annotations), expected, JSON.stringify([spec, annotations]));
  for (const apiGroup of ['networking.k8s.io', 'extensions', '']) {
    const event = ingress({ spec: { rules: [] } }, { objectRef: { resource: 'ingresses', apiGroup } });
    assert.ok(exposureIn(event), apiGroup);
  }
});

test('a review is judged by its object', () => {
  const request = {
    uid: 'u',
    operation: 'CREATE',
    resource: { group: '', version: 'v1', resource: 'services' },
    object: { spec: { type: 'NodePort' } },
  };
  assert.deepEqual(new EventView(decoded(reviewRecord(request)), NO_PAST).exposure?.how, ['node-port']);
});

test('other requests expose nothing', () => {
  const spec = { type: 'NodePort' };
  for (const fields of [
    { verb: 'delete' },
    { verb: 'get' },
    { objectRef: { resource: 'services', apiGroup: 'serving.knative.dev' } },
    { objectRef: { resource: 'services', subresource: 'proxy' } },
    { objectRef: { resource: 'ingresses', apiGroup: 'networking.k8s.io', subresource: 'status' } },
    { objectRef: { resource: 'constructor' } },
    { requestObject: { spec: { type: 'ClusterIP', externalIPs: [] } } },
    { requestObject: undefined },
  ])
    assert.equal(exposureIn(service({ spec }, fields)), undefined, JSON.stringify(fields));
});

test('a wrong type in the place of any field throws nothing', () => {
  const spec = {
    type: 'LoadBalancer',
    externalIPs: ['1.2.3.4'],
    loadBalancerSourceRanges: ['10.0.0.0/8'],
    selector: { app: 'redis' },
    ports: [{ port: 80, nodePort: 30000, targetPort: 'http' }],
    rules: [{ host: 'a', http: { paths: [{ backend: { service: { name: 'b', port: { number: 1 } } } }] } }],
    tls: [{ hosts: ['a'] }],
    defaultBackend: { service: { name: 'c' } },
    parentRefs: [{ name: 'd' }],
    gateways: ['d'],
    http: [{ route: [{ destination: { host: 'e', port: { number: 1 } } }] }],
    servers: [{ hosts: ['f'], port: { number: 1 } }],
    listeners: [{ hostname: 'g', port: 1 }],
  };
  const object = { metadata: { name: 'x', labels: { app: 'y' }, annotations: { 'a/b-snippet': 'z' } }, spec };
  const others = ['httproutes', 'virtualservices', 'gateways'].map((resource) =>
    service(object, { objectRef: { resource, name: 'x', namespace: 'dev' } }),
  );
  for (const event of [service(object), ingress(object), service(object, { verb: 'patch' }), ...others]) {
    for (const _ of wrongTypesIn(event)) {
      try {
        exposureIn(event);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ITEM_NOT_AN_EVENT', String(error));
      }
    }
  }
});
