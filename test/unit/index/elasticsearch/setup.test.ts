import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Client } from '@elastic/elasticsearch';
import { installTemplates, verifyTemplates } from '../../../../src/index/elasticsearch/setup.ts';
import type { Templates } from '../../../../src/index/elasticsearch/templates.ts';
import { plannedTemplates } from '../../../../src/index/elasticsearch/templates.ts';
import { removeShared } from '../../../servers/shared.ts';
import { freshNamespace, optionsFor, removeNamespace, sharedClient, templatesFor } from './support.ts';

describe('installTemplates', () => {
  let client: Client;
  let namespace: string;
  /** The templates for alerts. */
  let alerts: Templates;

  before(async () => {
    client = await sharedClient();
  });
  beforeEach(() => {
    namespace = freshNamespace();
    alerts = templatesFor(namespace)[0]!;
  });
  afterEach(() => removeNamespace(client, namespace));
  after(async () => {
    await client.close();
    await removeShared();
  });

  const present = async () =>
    (await client.indices.getIndexTemplate({ name: alerts.index.name })).index_templates[0]!.index_template;

  /** The same templates as if of another version, with another content. */
  function ofVersion(version: number, priority: number): Templates {
    const index = {
      ...alerts.index,
      version,
      priority,
      _meta: { ...alerts.index._meta, content: `v${version}` },
    };
    return { ...alerts, index };
  }

  it('installs what is planned, once', async () => {
    const planned = templatesFor(namespace);
    const first = await installTemplates(client, planned);
    assert.deepEqual(
      first.map(({ kind, name }) => `${kind} ${name}`),
      [
        'component template gatewatch-alerts@mappings',
        'component template gatewatch-alerts@settings',
        `index template gatewatch-alerts-${namespace}`,
        'component template gatewatch-audit-events@mappings',
        'component template gatewatch-audit-events@settings',
        `index template gatewatch-audit-events-${namespace}`,
      ],
    );
    assert.ok(
      first.filter(({ kind }) => kind === 'index template').every(({ outcome }) => outcome === 'created'),
    );
    const second = await installTemplates(client, planned);
    assert.ok(second.every(({ outcome }) => outcome === 'unchanged'));
    await verifyTemplates(client, planned);
  });

  it('plans no data stream unless audit events are asked for', () => {
    const audit_events = { enabled: false, retention_days: 30 };
    assert.equal(plannedTemplates(optionsFor(namespace, { audit_events })).length, 1);
  });

  it('replaces an older version, and leaves a newer one', async () => {
    const outcome = async (templates: Templates) =>
      (await installTemplates(client, [templates])).at(-1)!.outcome;
    assert.equal(await outcome(ofVersion(2, 502)), 'created');
    assert.equal(await outcome(ofVersion(3, 503)), 'updated');
    assert.equal((await present()).priority, 503);
    assert.equal(await outcome(ofVersion(2, 502)), 'newer');
    assert.equal((await present()).priority, 503);
  });

  it('adds new fields to indices that exist, without touching their documents', async () => {
    await installTemplates(client, [alerts]);
    const index = alerts.example;
    await client.index({ index, document: { '@timestamp': '2026-01-01T00:00:00Z', new_field: 'x' } });
    const mapping = {
      ...alerts.mapping,
      properties: { ...alerts.mapping.properties, new_field: { type: 'keyword' as const } },
    };
    await installTemplates(client, [{ ...alerts, mapping }]);
    const { fields } = await client.fieldCaps({ index, fields: 'new_field' });
    assert.deepEqual(Object.keys(fields.new_field ?? {}), ['keyword']);

    const other = { ...alerts.mapping, properties: { message: { type: 'keyword' as const } } };
    await assert.rejects(installTemplates(client, [{ ...alerts, mapping: other }]), {
      code: 'STORE_TEMPLATE_CONFLICT',
      message: /mapper \[message\] cannot be changed/,
    });
  });

  it('lets an operator have the last word in a component template of their own', async () => {
    const custom = `custom-${namespace}`;
    const index = { ...alerts.index, composed_of: [...alerts.index.composed_of!, custom] };
    await client.cluster.putComponentTemplate({
      name: custom,
      template: { settings: { index: { refresh_interval: '7s' } } },
    });
    assert.ok(alerts.index.composed_of?.at(-1)?.endsWith('@custom'));
    // The name that operators use is shared by all namespaces, and with other tests.
    await installTemplates(client, [{ ...alerts, index }]);
    const { template } = await client.indices.simulateIndexTemplate({ name: alerts.example });
    assert.equal((template.settings as { index: { refresh_interval: string } }).index.refresh_interval, '7s');
    await client.indices.deleteIndexTemplate({ name: index.name });
    await client.cluster.deleteComponentTemplate({ name: custom });
  });

  it('leaves a template of its name that somebody else made', async () => {
    await client.indices.putIndexTemplate({
      name: alerts.index.name,
      index_patterns: [`other-${namespace}`],
    });
    await assert.rejects(installTemplates(client, [alerts]), {
      code: 'STORE_TEMPLATE_CONFLICT',
      message: /not Gatewatch's/,
    });
    assert.deepEqual((await present()).index_patterns, [`other-${namespace}`]);
  });

  it('says that another template takes precedence, or has the same priority', async () => {
    const name = `other-${namespace}`;
    const put = (priority: number) =>
      client.indices.putIndexTemplate({ name, index_patterns: [alerts.existing], priority });
    try {
      await put(alerts.index.priority! + 1);
      const overruled = { code: 'STORE_TEMPLATE_CONFLICT', message: /applies to indices like/ };
      await assert.rejects(installTemplates(client, [alerts]), overruled);
      await assert.rejects(verifyTemplates(client, [alerts]), overruled);
      await client.indices.deleteIndexTemplate({ name: alerts.index.name });
      await put(alerts.index.priority!);
      await assert.rejects(installTemplates(client, [alerts]), {
        code: 'STORE_TEMPLATE_CONFLICT',
        message: new RegExp(`same priority.*${name}|${name}.*same priority`, 's'),
      });
    } finally {
      await client.indices.deleteIndexTemplate({ name });
    }
    await assert.rejects(
      verifyTemplates(client, [alerts]),
      { code: 'STORE_TEMPLATE_CONFLICT' },
      'none at all',
    );
  });
});
