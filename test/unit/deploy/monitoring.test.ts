import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { ROLES } from '../../../src/config/schema.ts';
import { alertsAlias } from '../../../src/index/elasticsearch/names.ts';
import { configured, image, NO_FILE, ROOT, read, yaml } from './support.ts';

const compose = yaml<{
  services: Record<string, { volumes?: string[]; environment?: Record<string, string>; command?: string[] }>;
}>('docker-compose.yml');

/** Where a folder of this package is in a service. */
function mounted(service: string, source: string): string {
  const mount = compose.services[service]!.volumes!.find((volume) => volume.startsWith(`${source}:`));
  return mount!.split(':')[1]!;
}

suite('Prometheus', () => {
  const { scrape_configs, rule_files } = yaml<{
    scrape_configs: {
      job_name: string;
      metrics_path?: string;
      dns_sd_configs?: { names: string[]; port: number; type: string }[];
    }[];
    rule_files: string[];
  }>('dashboards/prometheus/prometheus.yaml');

  test('asks every process of every role', () => {
    const [found] = scrape_configs.find(({ job_name }) => job_name === 'gatewatch')!.dns_sd_configs!;
    assert.deepEqual([...found!.names].sort(), [...ROLES].sort());
    for (const name of found!.names) assert.ok(compose.services[name], name);
    assert.equal(found!.port, configured(image().env, NO_FILE).http.port);
    assert.equal(found!.type, 'A');
  });

  test('finds its configuration and its rules', () => {
    const folder = mounted('prometheus', './dashboards/prometheus');
    assert.ok(compose.services.prometheus!.command!.includes(`--config.file=${folder}/prometheus.yaml`));
    for (const file of rule_files) assert.ok(parse(read(`dashboards/prometheus/${file}`)).groups, file);
  });
});

suite('Grafana', () => {
  interface DataSource {
    readonly uid: string;
    readonly type: string;
    readonly url: string;
    readonly basicAuthUser?: string;
    readonly secureJsonData?: Record<string, string>;
    readonly jsonData: Record<string, unknown>;
  }
  const { datasources } = yaml<{ datasources: DataSource[] }>(
    'dashboards/grafana/provisioning/datasources/gatewatch.yaml',
  );
  const of = (type: string): DataSource => datasources.find((one) => one.type === type)!;

  test('finds what it is provisioned with', () => {
    for (const kind of ['datasources', 'dashboards']) {
      const source = `./dashboards/grafana/provisioning/${kind}`;
      assert.equal(mounted('grafana', source), `/etc/grafana/provisioning/${kind}`);
    }
    const { providers } = yaml<{ providers: { options: { path: string } }[] }>(
      'dashboards/grafana/provisioning/dashboards/gatewatch.yaml',
    );
    assert.equal(providers[0]!.options.path, mounted('grafana', './dashboards/grafana/dashboards'));
  });

  test('reads alerts as its own user, whose password it alone has', () => {
    const { url, basicAuthUser, secureJsonData, jsonData } = of('elasticsearch');
    assert.equal(url, 'http://elasticsearch:9200');
    assert.equal(basicAuthUser, 'grafana');
    assert.deepEqual(secureJsonData, {
      basicAuthPassword: '$__file{/secrets/grafana/elasticsearch-password}',
    });
    assert.equal(jsonData.index, alertsAlias('default'));
    assert.equal(of('prometheus').url, 'http://prometheus:9090');
  });

  test('has the data sources that the dashboards begin with', () => {
    const files = globSync('dashboards/grafana/dashboards/*.json', { cwd: ROOT });
    assert.ok(files.length > 0);
    const uids = new Set(datasources.map(({ uid }) => uid));
    for (const file of files) {
      const { templating } = JSON.parse(read(file));
      const wanted = templating.list.filter(({ type }: { type: string }) => type === 'datasource');
      assert.ok(wanted.length > 0, file);
      for (const { query, current } of wanted) {
        assert.ok(uids.has(current.value), `${file}: ${current.value}`);
        assert.equal(of(query).uid, current.value, file);
      }
    }
  });
});
