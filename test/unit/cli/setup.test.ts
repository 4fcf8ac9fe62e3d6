import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, beforeEach, suite, test } from 'node:test';
import { parse } from 'yaml';
import { Authenticator } from '../../../src/credentials/authenticate.ts';
import { readClusters } from '../../../src/credentials/clusters-file.ts';
import { gatewatch, type Ran } from './program.ts';

const root = await mkdtemp(join(tmpdir(), 'gatewatch-setup-'));
after(() => rm(root, { recursive: true }));

let dataDir = '';
let out = '';
let run = 0;
beforeEach(() => {
  dataDir = join(root, String(run), 'data');
  out = join(root, String(run++), 'out');
});

async function setup(...args: readonly string[]): Promise<Ran> {
  return gatewatch('setup', ...args, '--address', 'gw.example.com', '--data-dir', dataDir, '--out', out);
}

async function written(name: string): Promise<string> {
  return readFile(join(out, name), 'utf8');
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString();
}

interface Access {
  readonly server: string;
  readonly ca?: string;
  readonly token?: string;
  readonly certificate?: X509Certificate;
  readonly webhookUrl: string;
  readonly caBundle?: string;
}

/** What the API server would read out of the files. */
async function access(): Promise<Access> {
  const kubeconfig = parse(await written('audit-webhook.kubeconfig'));
  const [{ cluster }] = kubeconfig.clusters;
  const [{ user }] = kubeconfig.users;
  const context = kubeconfig.contexts.find(
    ({ name }: { name: string }) => name === kubeconfig['current-context'],
  );
  assert.deepEqual(context.context, { cluster: kubeconfig.clusters[0].name, user: kubeconfig.users[0].name });
  const { clientConfig } = parse(await written('observer.yaml')).webhooks[0];
  return {
    server: cluster.server,
    ...(cluster['certificate-authority-data'] && { ca: decoded(cluster['certificate-authority-data']) }),
    ...(user.token && { token: user.token }),
    ...(user['client-certificate-data'] && {
      certificate: new X509Certificate(decoded(user['client-certificate-data'])),
    }),
    webhookUrl: clientConfig.url,
    ...(clientConfig.caBundle && { caBundle: decoded(clientConfig.caBundle) }),
  };
}

suite('gatewatch setup', () => {
  test('registers the cluster and writes credentials that open it', async () => {
    const { code, stdout, stderr } = await setup('prod');
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /Cluster prod is registered/);
    assert.match(stderr, /https\.host is 127\.0\.0\.1/);
    assert.deepEqual((await readdir(out)).sort(), [
      'README.txt',
      'audit-policy.yaml',
      'audit-webhook.kubeconfig',
      'ca.crt',
      'decisions.token',
      'observer.yaml',
      'opa-config.yaml',
    ]);

    const { server, ca, token, webhookUrl, caBundle } = await access();
    assert.equal(server, 'https://gw.example.com:8481/v1/audit/prod');
    const [, pathToken] =
      /^https:\/\/gw\.example\.com:8481\/v1\/admission\/prod\/(gw_admission_[\w-]+)$/.exec(webhookUrl)!;
    const authenticator = new Authenticator(await readClusters(dataDir));
    authenticator.check({ cluster: 'prod', input: 'audit', bearer: token });
    authenticator.check({ cluster: 'prod', input: 'admission', pathToken });
    const decisionToken = (await written('decisions.token')).trim();
    authenticator.check({ cluster: 'prod', input: 'decision', bearer: decisionToken });

    const certificate = new X509Certificate(await readFile(join(dataDir, 'tls', 'server.crt')));
    assert.equal(certificate.checkHost('gw.example.com'), 'gw.example.com');
    assert.ok(certificate.verify(new X509Certificate(ca!).publicKey));
    assert.equal(caBundle, ca);
    assert.equal(await written('ca.crt'), ca);
  });

  test('tells OPA where to send its decisions, with files that are there', async () => {
    await setup('prod');
    const { services, decision_logs } = parse(await written('opa-config.yaml'));
    const { url, credentials, tls } = services.gatewatch;
    assert.equal(url, 'https://gw.example.com:8481/v1/opa/prod');
    for (const path of [credentials.bearer.token_path, tls.ca_cert]) assert.ok(await written(basename(path)));
    assert.equal(decision_logs.service, 'gatewatch');
    assert.ok(decision_logs.reporting.max_delay_seconds <= 5);
  });

  test('keeps what holds credentials to its owner, and tokens out of what it registers', async () => {
    await setup('prod');
    const { token, webhookUrl } = await access();
    for (const name of await readdir(out)) assert.equal((await stat(join(out, name))).mode & 0o777, 0o600);
    const registered = await readFile(join(dataDir, 'clusters.json'), 'utf8');
    assert.ok(!registered.includes(token!) && !registered.includes(webhookUrl.split('/').at(-1)!));
    assert.ok(!(await written('README.txt')).includes('gw_'));
  });

  test('with a client certificate gives the audit webhook that and no token', async () => {
    await setup('prod', '--client-certificate');
    const { token, certificate } = await access();
    assert.equal(token, undefined);
    assert.equal(certificate?.subject, 'CN=gatewatch:prod');
    assert.match(await written('README.txt'), /ends on \d{4}-\d\d-\d\d/);
    const clusters = await readClusters(dataDir);
    assert.deepEqual(clusters[0]?.audit_token_sha256, []);
    new Authenticator(clusters).check({ cluster: 'prod', input: 'audit', certificateName: 'gatewatch:prod' });
  });

  test('refuses a registered cluster, and replaces its credentials when told to', async () => {
    await setup('prod');
    const former = await access();
    const refused = await setup('prod');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^error USAGE_INVALID at .*clusters\.json: .*--rotate/);
    assert.deepEqual(await access(), former);

    assert.equal((await setup('prod', '--rotate')).code, 0);
    const { token } = await access();
    const authenticator = new Authenticator(await readClusters(dataDir));
    authenticator.check({ cluster: 'prod', input: 'audit', bearer: token });
    assert.throws(() => authenticator.check({ cluster: 'prod', input: 'audit', bearer: former.token }), {
      code: 'CREDENTIAL_INVALID',
    });
    assert.match((await setup('other', '--rotate')).stderr, /^error USAGE_INVALID.*not registered/);
  });

  test('refuses a cluster whose credentials the configuration keeps', async () => {
    assert.match(
      (await setup('prod', '--set', 'clusters=[{name: prod}]')).stderr,
      /^error USAGE_INVALID.*configuration/,
    );
  });

  test('prints the files when told to, and writes none', async () => {
    const { code, stdout } = await setup('prod', '--print-only');
    assert.equal(code, 0);
    assert.equal(stdout.match(/^# ----- .* -----$/gm)?.length, 7);
    await assert.rejects(stat(out), { code: 'ENOENT' });
    assert.equal((await readClusters(dataDir)).length, 1);
  });

  test('leaves the authority out where the certificate is not ours, or takes it from a file', async () => {
    const own = ['--set', 'https.cert_file=x.crt', '--set', 'https.key_file=x.key'];
    const { stderr } = await setup('prod', ...own);
    assert.match(stderr, /name no authority/);
    assert.deepEqual(Object.keys(await access()).sort(), ['server', 'token', 'webhookUrl']);

    const file = join(root, 'authority.pem');
    const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
    await writeFile(file, pem);
    await setup('other', ...own, '--ca-file', file);
    assert.equal((await access()).ca, pem);
    await writeFile(file, 'not a certificate');
    assert.match((await setup('third', '--ca-file', file)).stderr, /^error FILE_UNREADABLE/);
    assert.match((await setup('third', '--ca-file', `${file}.none`)).stderr, /^error FILE_UNREADABLE/);
  });

  test('cannot issue a client certificate for an authority of someone else', async () => {
    const { stderr } = await setup('prod', '--client-certificate', '--set', 'https.client_ca_file=x.crt');
    assert.match(stderr, /^error USAGE_INVALID at --client-certificate/);
  });

  test('refuses a name or address that cannot be, before it changes anything', async () => {
    for (const name of ['Prod', 'a/b', '..', 'a_b', '-', 'a'.repeat(64)]) {
      const { code, stderr } = await gatewatch('setup', '--address', 'a', '--data-dir', dataDir, '--', name);
      assert.equal(code, 2);
      assert.match(stderr, /^error USAGE_INVALID/);
    }
    const { stderr } = await gatewatch('setup', 'prod', '--address', 'https://a', '--data-dir', dataDir);
    assert.match(stderr, /^error USAGE_INVALID at --address/);
    await assert.rejects(stat(dataDir), { code: 'ENOENT' });
  });

  test('registers nothing when the files cannot be written', async () => {
    await writeFile(join(root, 'file'), '');
    const { code, stderr } = await gatewatch(
      ...['setup', 'prod', '--address', 'a', '--data-dir', dataDir, '--out', join(root, 'file', 'below')],
    );
    assert.equal(code, 2);
    assert.match(stderr, /^error FILE_UNREADABLE/);
    assert.deepEqual(await readClusters(dataDir), []);
  });

  test('the observer never stands in the way, and asks for what it needs only', async () => {
    await setup('prod');
    const { kind, apiVersion, webhooks } = parse(await written('observer.yaml'));
    assert.deepEqual(
      [apiVersion, kind],
      ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
    );
    const [{ rules, clientConfig, ...webhook }] = webhooks;
    assert.ok(clientConfig.url);
    assert.deepEqual(webhook, {
      name: 'observer.gatewatch.dev',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      timeoutSeconds: 1,
      matchPolicy: 'Equivalent',
    });
    const named = rules.flatMap(({ resources }: { resources: string[] }) => resources);
    for (const noise of [
      'leases',
      'events',
      'tokenreviews',
      'subjectaccessreviews',
      'nodes/status',
      'pods/status',
      'secrets',
    ]) {
      assert.ok(!named.includes(noise), noise);
    }
    for (const { apiGroups, resources } of rules) {
      assert.ok(!apiGroups.includes('*'));
      assert.ok(!resources.includes('*') || !apiGroups.includes(''));
    }
  });
});
