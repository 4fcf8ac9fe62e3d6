import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { auditPolicy, clusterFiles } from '../../../src/cli/setup-files.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { OBSERVER_WEBHOOK } from '../../../src/record/observer.ts';
import { ROOT, read, yaml } from './support.ts';

/** The flags of kube-apiserver 1.37 that concern the audit webhook (k8s.io/apiserver, pkg/server/options/audit.go), as its --help lists them. */
const FLAGS = new Set([
  'audit-policy-file',
  'audit-webhook-batch-buffer-size',
  'audit-webhook-batch-max-size',
  'audit-webhook-batch-max-wait',
  'audit-webhook-batch-throttle-burst',
  'audit-webhook-batch-throttle-enable',
  'audit-webhook-batch-throttle-qps',
  'audit-webhook-config-file',
  'audit-webhook-initial-backoff',
  'audit-webhook-mode',
  'audit-webhook-truncate-enabled',
  'audit-webhook-truncate-max-batch-size',
  'audit-webhook-truncate-max-event-size',
  'audit-webhook-version',
  'audit-log-path',
  'audit-log-maxsize',
  'audit-log-maxbackup',
]);

const written = new Map(
  clusterFiles({
    cluster: 'prod',
    address: 'gatewatch.example.org:8481',
    audit: { token: 'token' },
    admissionToken: 'token',
    decisionToken: 'token',
    httpPort: 8480,
    ca: 'ca',
  }).map(({ name, content }) => [name, content]),
);

type Arguments = Readonly<Record<string, string>>;

function split(list: readonly string[]): Arguments {
  return Object.fromEntries(list.map((argument) => argument.split(/=(.*)/).slice(0, 2)));
}

interface Volume {
  readonly name: string;
  readonly hostPath: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
  readonly pathType: string;
}

const VOLUME: Volume = {
  name: 'gatewatch',
  hostPath: '/etc/kubernetes/gatewatch',
  mountPath: '/etc/kubernetes/gatewatch',
  readOnly: true,
  pathType: 'Directory',
};

interface Kind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly nodes: readonly {
    readonly role: string;
    readonly extraMounts: readonly { hostPath: string; containerPath: string; readOnly: boolean }[];
    readonly kubeadmConfigPatches: readonly string[];
  }[];
}

const folder = (name: string): string => `deploy/api-server/${name}`;
const kubeadm = yaml<{
  apiVersion: string;
  kind: string;
  apiServer: { extraArgs: { name: string; value: string }[]; extraVolumes: Volume[] };
}>(folder('kubeadm-cluster-configuration.yaml'));
const kind = yaml<Kind>(folder('kind-cluster.yaml'));
const kindPatch = parse(kind.nodes[0]!.kubeadmConfigPatches[0]!);
const k3s = yaml<Record<string, string[]>>(folder('k3s-gatewatch.yaml'));
const rke2 = yaml<Record<string, string | string[]>>(folder('rke2-gatewatch.yaml'));

/** The blocks of YAML in a page. */
function snippets(page: string): unknown[] {
  return [...read(folder(page)).matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent, text]) =>
    parse(text!.replace(new RegExp(`^${indent}`, 'gm'), '')),
  );
}

/** The arguments of the API server, as each way of running one sets them. */
const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  kubeadm: Object.fromEntries(kubeadm.apiServer.extraArgs.map(({ name, value }) => [name, value])),
  'kubeadm, by hand': split(
    (
      snippets('kubeadm.md')[0] as { spec: { containers: { command: string[] }[] } }
    ).spec.containers[0]!.command.slice(1).map((argument) => argument.replace(/^--/, '')),
  ),
  'kubeadm, v1beta3': (snippets('kubeadm.md')[1] as { apiServer: { extraArgs: Arguments } }).apiServer
    .extraArgs,
  kind: kindPatch.apiServer.extraArgs,
  k3s: split(k3s['kube-apiserver-arg+']!),
  rke2: {
    'audit-policy-file': rke2['audit-policy-file'] as string,
    ...split(rke2['kube-apiserver-arg+'] as string[]),
  },
};

suite('the arguments of API servers', () => {
  for (const [way, given] of Object.entries(ARGUMENTS)) {
    test(`${way}: those that setup's own README names, with the files that it writes`, () => {
      const named = [...written.get('README.txt')!.matchAll(/^ +- --([\w-]+)=(\S+)$/gm)];
      assert.deepEqual(Object.keys(given).sort(), named.map(([, flag]) => flag).sort());
      for (const [, flag, value] of named) {
        assert.ok(FLAGS.has(flag!), flag);
        assert.equal(basename(given[flag!]!), basename(value!));
        if (!value!.startsWith('/')) continue;
        assert.ok(written.has(basename(value!)), value);
        assert.equal(basename(dirname(given[flag!]!)), 'gatewatch');
      }
    });
  }

  test('stand in the folder in which the pages put the files', () => {
    for (const [page, way] of [
      ['kubeadm.md', 'kubeadm'],
      ['k3s.md', 'k3s'],
      ['rke2.md', 'rke2'],
    ] as const) {
      const [, into] = /install -m 600 audit-policy\.yaml audit-webhook\.kubeconfig (\S+)\/$/m.exec(
        read(folder(page)),
      )!;
      assert.equal(into, dirname(ARGUMENTS[way]!['audit-policy-file']!), page);
    }
    assert.ok(written.get('README.txt')!.includes(`${dirname(ARGUMENTS.kubeadm!['audit-policy-file']!)}/`));
  });

  test('are ones that there are, wherever a page names one', () => {
    for (const file of globSync('deploy/**/*.md', { cwd: ROOT })) {
      for (const [, flag] of read(file).matchAll(/--(audit-[\w-]+)/g))
        assert.ok(FLAGS.has(flag!), `${file}: ${flag}`);
      for (const [, flag] of read(file).matchAll(/`(audit-[\w-]+)=/g))
        assert.ok(FLAGS.has(flag!), `${file}: ${flag}`);
    }
  });
});

suite('the files for API servers', () => {
  test('kubeadm: a ClusterConfiguration v1beta4, whose arguments are a list', () => {
    assert.equal(kubeadm.apiVersion, 'kubeadm.k8s.io/v1beta4');
    assert.equal(kubeadm.kind, 'ClusterConfiguration');
    for (const { name, value } of kubeadm.apiServer.extraArgs) {
      assert.deepEqual([typeof name, typeof value], ['string', 'string']);
    }
    assert.deepEqual(kubeadm.apiServer.extraVolumes, [VOLUME]);
  });

  test('kubeadm by hand: the same mount', () => {
    const { containers, volumes } = (
      snippets('kubeadm.md')[0] as { spec: { containers: { volumeMounts: object[] }[]; volumes: object[] } }
    ).spec;
    const { name, mountPath, readOnly, hostPath, pathType } = VOLUME;
    assert.deepEqual(containers[0]!.volumeMounts, [{ name, mountPath, readOnly }]);
    assert.deepEqual(volumes, [{ name, hostPath: { path: hostPath, type: pathType } }]);
  });

  test('kind: a cluster whose node has the folder that setup writes, and whose API server sees it', () => {
    assert.deepEqual([kind.kind, kind.apiVersion], ['Cluster', 'kind.x-k8s.io/v1alpha4']);
    const [node, ...others] = kind.nodes;
    assert.deepEqual([node!.role, others.length], ['control-plane', 0]);
    const [mount] = node!.extraMounts;
    assert.equal(mount!.containerPath, VOLUME.hostPath);
    assert.ok(
      read(folder('kind.md')).includes(`setup ${mount!.hostPath.replace('gatewatch-', '')} --address`),
    );
    // Without a version, so that kind fits it to the node's kubeadm.
    assert.equal(kindPatch.apiVersion, undefined);
    assert.equal(kindPatch.kind, 'ClusterConfiguration');
    assert.deepEqual(kindPatch.apiServer.extraVolumes, [VOLUME]);
    for (const value of Object.values(kindPatch.apiServer.extraArgs)) assert.equal(typeof value, 'string');
  });

  test('k3s and RKE2: what is added to their own configuration, and mounts nothing twice', () => {
    assert.deepEqual(Object.keys(k3s), ['kube-apiserver-arg+']);
    assert.deepEqual(Object.keys(rke2).sort(), ['audit-policy-file', 'kube-apiserver-arg+']);
  });

  test('the audit policy is the one of this folder', () => {
    assert.equal(written.get('audit-policy.yaml'), read('deploy/audit-policy.yaml'));
    assert.equal(auditPolicy(), read('deploy/audit-policy.yaml'));
  });

  test('the pages name what setup writes, and nothing that it does not', () => {
    const table = read(folder('README.md')).split('## The flags')[0]!;
    const named = [...table.matchAll(/^\| `([\w.-]+)` +\|/gm)].map(([, name]) => name);
    assert.deepEqual(named.sort(), [...written.keys()].sort());
  });
});

suite('what the pages say', () => {
  const page = read(folder('README.md'));

  test('of limits is so', () => {
    const { receive } = configSchema.parse({});
    const [, events, mebibytes] = /takes up to ([\d,]+) events and (\d+) MiB/.exec(page)!;
    assert.equal(Number(events!.replace(',', '')), receive.batch_items_max);
    assert.equal(Number(mebibytes) * 2 ** 20, receive.body_bytes_max);
  });

  test('of metrics is so', () => {
    const known = read('docs/metrics.md');
    for (const file of globSync('deploy/**/*.md', { cwd: ROOT })) {
      for (const [metric] of read(file).matchAll(/gatewatch_[a-z_]+_total/g)) {
        assert.ok(known.includes(`\`${metric}\``), `${file}: ${metric}`);
      }
    }
  });

  test('of the alert that the check raises is so', () => {
    const [, title, level] = /shows _(.+?)_, severity (\w+)/.exec(page)!;
    const rule = parse(read('rules/namespace/enforce-lowered.yml'));
    assert.deepEqual([rule.title, rule.level], [title, level]);
    const levels = [...page.matchAll(/label namespace (\S+) pod-security\.kubernetes\.io\/enforce=(\w+)/g)];
    assert.deepEqual(
      levels.map(([, , enforced]) => enforced),
      ['baseline', 'privileged'],
    );
  });

  test('of the webhook is so', () => {
    for (const [name] of page.matchAll(/observer\.[\w.]+\b/g)) {
      assert.ok(name === OBSERVER_WEBHOOK || written.has(name), name);
    }
    assert.ok(page.includes(`validatingwebhookconfiguration ${OBSERVER_WEBHOOK}`));
  });

  test('leads to pages, and places in them, that there are', () => {
    const anchor = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-');
    for (const file of globSync('deploy/**/*.md', { cwd: ROOT })) {
      for (const [, target] of read(file).matchAll(/\]\(([^)\s]+)\)/g)) {
        const [path, place] = target!.split('#');
        const leads = path === '' ? file : join(dirname(file), path!);
        const found = globSync(leads, { cwd: ROOT });
        assert.equal(found.length, 1, `${file}: ${target}`);
        if (!place) continue;
        const headings = [...read(leads).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading!));
        assert.ok(headings.includes(place), `${file}: ${target}`);
      }
    }
  });
});
