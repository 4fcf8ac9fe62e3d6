import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import type { Client } from '@elastic/elasticsearch';
import { alertsAlias, auditEventsStream } from '../../../src/index/elasticsearch/names.ts';
import type { Alert } from '../../../src/record/alert.ts';
import { removeShared } from '../../servers/shared.ts';
import { freshNamespace, openStore, removeNamespace, sharedClient } from '../index/elasticsearch/support.ts';
import { someAlerts } from './alerts.ts';
import { countAlerts, timeOf } from './counted.ts';
import { KIBANA } from './expected.ts';
import { checkFields } from './fields.ts';
import { type Range, SavedObjects } from './kibana.ts';

const FILE = join(import.meta.dirname, '../../../dashboards/kibana/gatewatch.ndjson');
const ID = 'gatewatch-alerts';
const VALUES_MAX = 10;
const MISSING = '__missing__';

suite('Kibana saved objects over indexed recordings', () => {
  const objects = new SavedObjects(readFileSync(FILE, 'utf8'));
  const namespace = freshNamespace();
  const index = alertsAlias(namespace);
  let client: Client;
  let alerts: Alert[];
  let ranges: Range[];

  before(async () => {
    client = await sharedClient();
    alerts = await someAlerts();
    const store = await openStore(client, namespace);
    assert.deepEqual(await store.put(alerts), []);
    const times = alerts.map(timeOf).sort((a, b) => a - b);
    const [fromMs, toMs] = [times[0]! - 1000, times.at(-1)! + 1000];
    ranges = [
      { fromMs, toMs, intervalMs: 3_600_000 },
      { fromMs: times[Math.floor(times.length / 2)]!, toMs, intervalMs: 10_000 },
    ];
  });
  after(async () => {
    await removeNamespace(client, namespace);
    await client.close();
    await removeShared();
  });

  function chosen({ fromMs, toMs }: Range): Alert[] {
    const within = (time: number) => time >= fromMs && time <= toMs;
    return alerts.filter((alert) => alert.gatewatch.status !== 'withdrawn' && within(timeOf(alert)));
  }

  test('every panel and the saved search show what the alerts say', async (t: TestContext) => {
    const panels = [...objects.panels(ID), { ...objects.search(ID), title: 'Newest alerts' }];
    assert.deepEqual([...new Set(panels.map(({ title }) => title))].sort(), Object.keys(KIBANA).sort());
    for (const [at, range] of ranges.entries()) {
      let empty = 0;
      for (const { title, indices, request, counts } of panels) {
        assert.ok(matches(indices, index), `${title}: ${indices}`);
        const { hits, aggregations } = await client.search({ index, ...request(range) });
        const { where = () => true, by = [], overTime, newest } = KIBANA[title]!;
        const expected = chosen(range).filter(where);
        if (newest === undefined) {
          const total = (hits.total as { value: number }).value;
          const shown = counts!(aggregations!, total);
          const wanted =
            by.length === 0
              ? new Map([['[]', expected.length]])
              : countAlerts(expected, {
                  by,
                  max: VALUES_MAX,
                  ...(title !== 'Addresses' && { missing: MISSING }),
                  ...(overTime && { intervalMs: range.intervalMs }),
                });
          assert.deepEqual(shown, new Map([...wanted].filter(([, count]) => count > 0)), title);
          if (shown.size === 0) empty++;
        } else {
          const times = hits.hits.map(({ _id }) => timeOf(expected.find(({ event }) => event.id === _id)!));
          assert.deepEqual(
            times,
            expected
              .map(timeOf)
              .sort((a, b) => b - a)
              .slice(0, newest),
            title,
          );
          if (hits.hits.length === 0) empty++;
        }
      }
      if (at === 0) assert.equal(empty, 0);
      t.diagnostic(
        `${chosen(range).length} alerts; ${panels.length} panels, ${panels.length - empty} non-empty`,
      );
    }
  });

  test('every reference leads somewhere, and is used', (t: TestContext) => {
    let references = 0;
    for (const { id, references: own, attributes } of objects.all()) {
      const names = own.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, id);
      for (const name of names) {
        objects.referred(own, name);
        const local = name.replace(/^(?:p\d+|controlGroup_c\d+):/, '');
        // A control's reference is found by the control alone.
        if (local !== 'optionsListDataView') assert.ok(JSON.stringify(attributes).includes(local), name);
        references++;
      }
    }
    t.diagnostic(`${objects.all().length} saved objects, ${references} references`);
  });

  test('data views find the indices', () => {
    const titles = objects
      .all()
      .filter(({ type }) => type === 'index-pattern')
      .map(({ attributes }) => attributes.title as string);
    assert.equal(titles.length, 2);
    for (const name of [alertsAlias('default'), auditEventsStream('default')])
      assert.ok(
        titles.some((title) => matches(title, name)),
        name,
      );
  });

  test('every field exists, and those that are counted by can be', async (t: TestContext) => {
    const named = objects.all().map(({ attributes }) => attributes);
    const views = named.flatMap(({ fieldAttrs = '{}', fieldFormatMap = '{}' }) => [
      ...Object.keys(JSON.parse(fieldAttrs as string)),
      ...Object.keys(JSON.parse(fieldFormatMap as string)),
    ]);
    t.diagnostic(`${await checkFields(client, index, [named, { names: views }])} fields`);
  });
});

/** Whether an index or alias is among those of a pattern. */
function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1));
}
