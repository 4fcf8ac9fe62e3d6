import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ROLES, type Role } from '../../../src/config/schema.ts';
import { evaluate } from '../../../src/detect/podsecurity/evaluate.ts';
import { podOf } from '../../../src/detect/podsecurity/pod-template.ts';
import {
  assertHealthPaths,
  configured,
  image,
  type Manifest,
  manifests,
  ROOT,
  read,
  VERSION,
  yaml,
} from './support.ts';

const BASE = 'deploy/kustomize/base';
const EXAMPLE = 'deploy/kustomize/overlays/example';

interface Kustomization {
  readonly namespace: string;
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { name: string; behavior?: string; files: string[] }[];
  readonly secretGenerator?: readonly { name: string; files: string[] }[];
}
const base = yaml<Kustomization>(`${BASE}/kustomization.yaml`);
const example = yaml<Kustomization>(`${EXAMPLE}/kustomization.yaml`);

const objects = base.resources.flatMap((file) => manifests(read(`${BASE}/${file}`)));
const all = (kind: string): Manifest[] => objects.filter((object) => object.kind === kind);
const deployments = all('Deployment');
const podOfDeployment = ({ spec }: Manifest) => spec.template.spec;
const containerOf = (deployment: Manifest) => podOfDeployment(deployment).containers[0];
const roleOf = (deployment: Manifest): Role => containerOf(deployment).args[2];

type Labels = Readonly<Record<string, string>>;

function selects(selector: Labels | undefined, labels: Labels): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

function selected(selector: Labels): Manifest[] {
  return deployments.filter(({ spec }) => selects(selector, spec.template.metadata.labels));
}

suite('the base for Kubernetes', () => {
  test('lists every file, and every file is listed', () => {
    const files = globSync('*.yaml', { cwd: join(ROOT, BASE) });
    const others = ['kustomization.yaml', ...base.configMapGenerator.flatMap(({ files }) => files)];
    assert.deepEqual([...base.resources, ...others].sort(), files.sort());
  });

  test('runs each role once', () => {
    assert.deepEqual(deployments.map(roleOf).sort(), [...ROLES].sort());
    for (const deployment of deployments) {
      const { metadata, spec } = deployment;
      const role = roleOf(deployment);
      assert.equal(metadata.name, `gatewatch-${role}`);
      assert.deepEqual(containerOf(deployment).args, ['serve', '--role', role]);
      assert.equal(containerOf(deployment).image, `gatewatch:${VERSION}`);
      assert.equal(spec.replicas, role === 'console' ? 1 : 2);
      assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels);
    }
  });

  test('lives in a namespace whose level is restricted, and is allowed there', () => {
    const [namespace] = all('Namespace');
    assert.equal(namespace!.metadata.name, base.namespace);
    for (const mode of ['enforce', 'audit', 'warn']) {
      assert.equal(namespace!.metadata.labels![`pod-security.kubernetes.io/${mode}`], 'restricted');
    }
    for (const deployment of deployments) {
      const pod = podOf(deployment)!;
      assert.ok(pod.spec);
      assert.deepEqual(evaluate(pod, 'restricted', 'latest'), [], deployment.metadata.name);
    }
    // The evaluator is asked in the right way.
    assert.notEqual(evaluate({ spec: { containers: [{ name: 'c' }] } }, 'restricted', 'latest').length, 0);
  });

  test('gives its pods nothing beyond that level either', () => {
    const accounts = all('ServiceAccount');
    for (const deployment of deployments) {
      const pod = podOfDeployment(deployment);
      const { securityContext, resources } = containerOf(deployment);
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(pod.enableServiceLinks, false);
      assert.equal(securityContext.readOnlyRootFilesystem, true);
      const { runAsUser, runAsGroup } = pod.securityContext;
      assert.equal(`${runAsUser}:${runAsGroup}`, image().user);
      assert.ok(resources.requests.cpu && resources.requests.memory && resources.limits.memory);
      const account = accounts.find(({ metadata }) => metadata.name === pod.serviceAccountName);
      assert.equal(account?.automountServiceAccountToken, false, pod.serviceAccountName);
    }
    assert.equal(accounts.length, deployments.length);
  });

  test('asks for health where Gatewatch tells it', async () => {
    const { http } = configured(image().env, join(ROOT, BASE, 'gatewatch.yaml'));
    for (const deployment of deployments) {
      const { startupProbe, livenessProbe, readinessProbe, ports } = containerOf(deployment);
      const port = ports.find(({ name }: { name: string }) => name === 'http');
      assert.equal(port.containerPort, http.port);
      const probes = [startupProbe, livenessProbe, readinessProbe];
      for (const { httpGet } of probes) assert.equal(httpGet.port, 'http');
      await assertHealthPaths(probes.map(({ httpGet }) => httpGet.path));
      assert.equal(livenessProbe.httpGet.path, '/healthz');
      // A receiver has to be ready once; then it stays in its Service, also while Kafka is away.
      const once = roleOf(deployment) === 'receive' ? startupProbe : readinessProbe;
      assert.equal(once.httpGet.path, '/readyz');
    }
  });

  test('waits for Gatewatch to stop', () => {
    const seconds =
      Number(/STOP_MS_MAX = ([\d_]+)/.exec(read('src/cli/commands/serve.ts'))![1]!.replace('_', '')) / 1000;
    for (const deployment of deployments) {
      const sleep = Number(containerOf(deployment).lifecycle?.preStop.exec.command[1] ?? 0);
      assert.ok(podOfDeployment(deployment).terminationGracePeriodSeconds > sleep + seconds);
    }
  });

  test('has a configuration that Gatewatch accepts for each role', () => {
    for (const file of [`${BASE}/gatewatch.yaml`, `${EXAMPLE}/gatewatch.yaml`]) {
      for (const role of ROLES) {
        const { kafka, elasticsearch } = configured(image().env, join(ROOT, file), role);
        assert.ok(kafka.brokers.length > 0 && elasticsearch.nodes.length > 0, file);
      }
    }
    const [{ name, files }] = base.configMapGenerator as [{ name: string; files: string[] }];
    for (const deployment of deployments) {
      const { env, volumeMounts } = containerOf(deployment);
      const volume = podOfDeployment(deployment).volumes.find(
        ({ configMap }: { configMap?: { name: string } }) => configMap?.name === name,
      );
      const { mountPath } = volumeMounts.find((mount: { name: string }) => mount.name === volume.name);
      assert.deepEqual(env, [{ name: 'GATEWATCH_CONFIG', value: `${mountPath}/${files[0]}` }]);
    }
  });

  test('mounts the files that each role reads, by keys that the Secrets have', () => {
    const config = configured(image().env, join(ROOT, BASE, 'gatewatch.yaml'));
    const { https, kafka, elasticsearch } = config;
    const brokers = [kafka.tls.ca_file, kafka.sasl.password_file];
    const store = [elasticsearch.ca_file, elasticsearch.api_key_file];
    const needed: Record<Role, (string | undefined)[]> = {
      receive: [https.cert_file, https.key_file, https.client_ca_file, ...brokers],
      detect: brokers,
      correlate: brokers,
      index: [...brokers, ...store],
      console: [...store, config.console.token_file],
    };
    const keys = new Map(
      example.secretGenerator!.map(({ name, files }) => [name, files.map((file) => basename(file))]),
    );
    keys.set('gatewatch-tls', ['tls.crt', 'tls.key', 'ca.crt']); // as cert-manager makes them
    for (const deployment of deployments) {
      const used = new Set(['config']);
      for (const file of needed[roleOf(deployment)]) {
        const { volumeMounts } = containerOf(deployment);
        const mount = volumeMounts.find((one: { mountPath: string }) => one.mountPath === dirname(file!));
        assert.ok(mount?.readOnly, `${deployment.metadata.name}: ${file}`);
        const { secret } = podOfDeployment(deployment).volumes.find(
          ({ name }: { name: string }) => name === mount.name,
        );
        assert.ok(keys.get(secret.secretName)?.includes(basename(file!)), `${secret.secretName}: ${file}`);
        assert.equal(secret.defaultMode, 0o440);
        used.add(mount.name);
      }
      const mounted = podOfDeployment(deployment).volumes.map(({ name }: { name: string }) => name);
      assert.deepEqual(new Set(mounted), used, `${deployment.metadata.name} has what it does not need`);
    }
  });

  test('has Services that lead to ports which are listened on', () => {
    const { http, https } = configured(image().env, join(ROOT, BASE, 'gatewatch.yaml'));
    const leads: Record<string, readonly [Role, number]> = {
      'gatewatch-receive': ['receive', https.port],
      'gatewatch-observer': ['receive', https.port],
      'gatewatch-console': ['console', http.port],
    };
    const services = all('Service');
    assert.deepEqual(services.map(({ metadata }) => metadata.name).sort(), Object.keys(leads).sort());
    for (const { metadata, spec } of services) {
      const [role, number] = leads[metadata.name]!;
      const [deployment, ...others] = selected(spec.selector);
      assert.deepEqual([roleOf(deployment!), others.length], [role, 0]);
      const [{ port, targetPort }] = spec.ports;
      const target = containerOf(deployment!).ports.find(({ name }: { name: string }) => name === targetPort);
      assert.deepEqual([port, target.containerPort], [number, number]);
    }
    const observer = services.find(({ metadata }) => metadata.name === 'gatewatch-observer');
    assert.equal(observer!.spec.publishNotReadyAddresses, true);
  });

  test('keeps one process of each role through the draining of a node', () => {
    const budgets = all('PodDisruptionBudget');
    const several = deployments.filter(({ spec }) => spec.replicas > 1);
    assert.equal(budgets.length, several.length);
    for (const { metadata, spec } of budgets) {
      assert.deepEqual(
        selected(spec.selector.matchLabels).map((deployment) => deployment.metadata.name),
        [metadata.name],
      );
      assert.equal(spec.maxUnavailable, 1);
    }
    for (const deployment of several) {
      const [spread] = podOfDeployment(deployment).topologySpreadConstraints;
      assert.deepEqual(spread.labelSelector.matchLabels, deployment.spec.selector.matchLabels);
    }
  });

  test('denies all traffic but what the roles need', () => {
    const policies = all('NetworkPolicy');
    const denied = policies.find(({ spec }) => Object.keys(spec.podSelector).length === 0)!;
    assert.deepEqual(denied.spec.policyTypes, ['Ingress', 'Egress']);
    assert.equal(denied.spec.ingress ?? denied.spec.egress, undefined);

    const ways = (direction: 'ingress' | 'egress', role: Role): number[] =>
      policies
        .filter(({ spec }) => {
          const { matchLabels, matchExpressions = [] } = spec.podSelector;
          const labels: Labels = {
            'app.kubernetes.io/name': 'gatewatch',
            'app.kubernetes.io/component': role,
          };
          return (
            selects(matchLabels, labels) &&
            matchExpressions.every(({ key, values }: { key: string; values: string[] }) =>
              values.includes(labels[key]!),
            )
          );
        })
        .flatMap(({ spec }) => spec[direction] ?? [])
        .flatMap(({ ports }) => ports.map(({ port }: { port: number }) => port));

    const { http, https, kafka, elasticsearch } = configured(image().env, join(ROOT, BASE, 'gatewatch.yaml'));
    const broker = Number(kafka.brokers[0]!.split(':').at(-1));
    const store = Number(new URL(elasticsearch.nodes[0]!).port);
    const expected: Record<Role, { in: number[]; out: number[] }> = {
      receive: { in: [http.port, https.port], out: [broker] },
      detect: { in: [http.port], out: [broker] },
      correlate: { in: [http.port], out: [broker] },
      index: { in: [http.port], out: [broker, store] },
      console: { in: [http.port], out: [store] },
    };
    for (const role of ROLES) {
      assert.deepEqual(new Set(ways('ingress', role)), new Set(expected[role].in), role);
      // 9092 is for brokers without TLS.
      const out = new Set([
        53,
        ...expected[role].out,
        ...(expected[role].out.includes(broker) ? [9092] : []),
      ]);
      assert.deepEqual(new Set(ways('egress', role)), out, role);
    }
    for (const deployment of deployments) {
      const annotations = deployment.spec.template.metadata.annotations;
      assert.equal(annotations['prometheus.io/port'], String(http.port));
    }
  });
});

suite('the example installation', () => {
  test('names a receiver that its certificate is good for', () => {
    const certificate = manifests(read(`${EXAMPLE}/certificate.yaml`)).find(
      ({ kind, spec }) => kind === 'Certificate' && spec.secretName === 'gatewatch-tls',
    )!;
    const page = read('deploy/kustomize/README.md');
    const [, host] = /--address (\S+):8481/.exec(page)!;
    assert.ok(certificate.spec.dnsNames.includes(host));
  });

  test('replaces the configuration as a whole', () => {
    const [own] = example.configMapGenerator;
    assert.equal(own!.behavior, 'replace');
    assert.equal(own!.name, base.configMapGenerator[0]!.name);
    assert.deepEqual(own!.files, base.configMapGenerator[0]!.files);
  });

  test('keeps its secrets out of version control', () => {
    assert.match(read(`${EXAMPLE}/.gitignore`), /^secrets\/$/m);
    for (const { files } of example.secretGenerator!) {
      for (const file of files) assert.ok(file.startsWith('secrets/'));
    }
  });

  test('leads people to the console', () => {
    const [ingress] = manifests(read(`${EXAMPLE}/ingress.yaml`));
    const { service } = ingress!.spec.rules[0].http.paths[0].backend;
    const target = all('Service').find(({ metadata }) => metadata.name === service.name)!;
    assert.equal(target.spec.ports[0].name, service.port.name);
    const { console: settings } = configured(image().env, join(ROOT, EXAMPLE, 'gatewatch.yaml'));
    assert.equal(new URL(settings.public_url!).hostname, ingress!.spec.rules[0].host);
  });
});

const KUBECTL = 'kubectl';

/** What kubectl makes of a folder; undefined, and the test skipped, where there is no kubectl. */
function built(folder: string, t: TestContext): Manifest[] | undefined {
  const { status, stdout, stderr, error } = spawnSync(KUBECTL, ['kustomize', folder], { encoding: 'utf8' });
  if (error) {
    t.skip('there is no kubectl');
    return undefined;
  }
  assert.equal(status, 0, stderr);
  return manifests(stdout);
}

suite('kubectl', () => {
  test('builds the base', (t) => {
    const made = built(join(ROOT, BASE), t);
    if (!made) return;
    assert.equal(made.length, objects.length + base.configMapGenerator.length);
    for (const { kind, metadata } of made as (Manifest & { metadata: { namespace?: string } })[]) {
      if (kind !== 'Namespace') assert.equal(metadata.namespace, base.namespace, `${kind} ${metadata.name}`);
    }
  });

  test('builds the example, once it has its secrets', (t) => {
    const copy = mkdtempSync(join(tmpdir(), 'gatewatch-kustomize-'));
    try {
      cpSync(join(ROOT, 'deploy/kustomize'), copy, { recursive: true });
      const folder = join(copy, 'overlays/example');
      for (const file of example.secretGenerator!.flatMap(({ files }) => files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        if (!existsSync(join(folder, file))) writeFileSync(join(folder, file), 'x');
      }
      const made = built(folder, t);
      if (!made) return;
      const names = new Set(made.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
      names.add('Secret gatewatch-tls'); // by cert-manager
      for (const deployment of made.filter(({ kind }) => kind === 'Deployment')) {
        assert.match(containerOf(deployment).image, /^registry\.example\.org\/gatewatch:/);
        for (const { secret, configMap } of podOfDeployment(deployment).volumes) {
          const wanted = secret ? `Secret ${secret.secretName}` : `ConfigMap ${configMap.name}`;
          assert.ok(names.has(wanted), wanted);
        }
      }
      const receive = made.find(
        ({ kind, metadata }) => `${kind} ${metadata.name}` === 'Service gatewatch-receive',
      );
      assert.equal(receive!.spec.type, 'LoadBalancer');
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
