import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import type { Client } from '@elastic/elasticsearch';
import { admission } from '../../../dashboards/grafana/admission.ts';
import { alerts as alertsDashboard } from '../../../dashboards/grafana/alerts.ts';
import type { Target, Variable } from '../../../dashboards/grafana/dashboard.ts';
import { NONE } from '../../../dashboards/grafana/elasticsearch.ts';
import { alertsAlias } from '../../../src/index/elasticsearch/names.ts';
import type { Alert } from '../../../src/record/alert.ts';
import { HOSTILE } from '../../contract/alert-store-fixtures.ts';
import { removeShared } from '../../servers/shared.ts';
import { freshNamespace, openStore, removeNamespace, sharedClient } from '../index/elasticsearch/support.ts';
import { someAlerts } from './alerts.ts';
import { type Counts, countAlerts, timeOf } from './counted.ts';
import { type Expectation, GRAFANA } from './expected.ts';
import { checkFields } from './fields.ts';
import { panelsOf, type Search, searchFor, searchForVariable, shownCounts, type View } from './grafana.ts';

const DASHBOARDS = [alertsDashboard, admission];
const VALUES_MAX = 20;

/** What is chosen, and the same said of an alert. */
interface Chosen extends View {
  readonly name: string;
  readonly has: (alert: Alert) => boolean;
}

suite('Grafana dashboards over indexed recordings', () => {
  const namespace = freshNamespace();
  const index = alertsAlias(namespace);
  let client: Client;
  let alerts: Alert[];
  let views: Chosen[];

  before(async () => {
    client = await sharedClient();
    alerts = await someAlerts();
    const store = await openStore(client, namespace);
    assert.deepEqual(await store.put(alerts), []);
    views = viewsOf(alerts);
  });
  after(async () => {
    await removeNamespace(client, namespace);
    await client.close();
    await removeShared();
  });

  async function ask(search: Search) {
    const { responses } = await client.msearch({ searches: [...search] });
    const [answer] = responses;
    assert.ok(answer && !('error' in answer), JSON.stringify(answer));
    return answer;
  }

  test('every panel shows what the alerts say, whatever is chosen', async (t: TestContext) => {
    const panels = DASHBOARDS.flatMap((dashboard) => {
      const variables = dashboard.templating.list;
      return panelsOf(dashboard).map((panel) => ({ ...panel, variables }));
    });
    assert.deepEqual(panels.map(({ name }) => name).sort(), Object.keys(GRAFANA).sort());
    let compared = 0;
    for (const view of views) {
      const seen = chosen(alerts, view);
      assert.notEqual(seen.length, 0, view.name);
      let empty = 0;
      for (const { name, panel, variables } of panels) {
        const expected = GRAFANA[name]!;
        assert.equal(panel.targets.length, 1, name);
        const target = panel.targets[0]!;
        const { hits, aggregations } = await ask(searchFor(target, variables, view, index));
        const what = `${name}, ${view.name}`;
        if (expected.newest !== undefined) {
          const shown = hits.hits.map(({ _id }) => _id!);
          assertNewest(shown, seen, expected, what);
          if (shown.length === 0) empty++;
        } else {
          const shown = shownCounts(target as never, aggregations!);
          assert.deepEqual(sorted(shown), sorted(expectedCounts(seen, expected, target, view)), what);
          if (shown.size === 0) empty++;
        }
        compared++;
      }
      if (view.name === 'all') assert.equal(empty, 0);
      t.diagnostic(
        `${view.name}: ${seen.length} alerts; ${panels.length} panels, ${panels.length - empty} non-empty`,
      );
    }
    t.diagnostic(`${alerts.length} alerts indexed; ${compared} answers compared`);
  });

  test('every menu offers the values that the alerts have', async (t: TestContext) => {
    const [all] = views as [Chosen];
    const seen = chosen(alerts, all);
    const expected: Record<string, (string | undefined)[]> = {
      cluster: seen.map(({ orchestrator }) => orchestrator.cluster.name),
      namespace: seen.map(({ orchestrator }) => orchestrator.namespace),
    };
    let menus = 0;
    for (const { templating } of DASHBOARDS) {
      for (const variable of templating.list.filter(({ type }: Variable) => type === 'query')) {
        const { aggregations } = await ask(searchForVariable(variable, all, index));
        const { buckets } = (aggregations as never as Record<string, { buckets: { key: string }[] }>)['1']!;
        const values = new Set(expected[variable.name]!.filter((value) => value !== undefined));
        assert.deepEqual(new Set(buckets.map(({ key }) => key)), values);
        menus++;
      }
    }
    t.diagnostic(`${menus} menus`);
  });

  test('every field exists, and those that are counted by can be', async (t: TestContext) => {
    t.diagnostic(`${await checkFields(client, index, DASHBOARDS)} fields`);
  });
});

/** Nothing chosen; clusters, severities and a shorter time; a namespace, a search and a filter; a name full of syntax. */
function viewsOf(alerts: readonly Alert[]): Chosen[] {
  const times = alerts.map(timeOf);
  const [fromMs, toMs] = [Math.min(...times) - 1000, Math.max(...times) + 1000];
  const last = alerts.filter(({ event }) => event.start!.startsWith('2026-11-22')).map(timeOf);
  const middleMs = last.sort((a, b) => a - b)[Math.floor(last.length / 2)]!;
  const [cluster, second] = mostFrequent(alerts, ({ orchestrator }) => orchestrator.cluster.name);
  const [namespace] = mostFrequent(alerts, ({ orchestrator }) => orchestrator.namespace);
  return [
    // As wide as the buckets that Grafana makes of three weeks.
    { name: 'all', fromMs, toMs, intervalMs: 3_600_000, has: () => true },
    {
      name: 'two clusters, severe, from the middle on',
      fromMs: middleMs,
      toMs,
      intervalMs: 10_000,
      variables: { cluster: [cluster!, second!], severity: ['critical', 'high'] },
      has: ({ orchestrator, gatewatch }) =>
        [cluster, second].includes(orchestrator.cluster.name) &&
        ['critical', 'high'].includes(gatewatch.level),
    },
    {
      name: 'one namespace, one actor, pods',
      fromMs: middleMs - 3_600_000,
      toMs,
      intervalMs: 30_000,
      variables: { namespace: [namespace!], search: 'user.name:alice OR user.name:bob' },
      filters: [{ key: 'orchestrator.resource.type', value: 'pods' }],
      has: ({ orchestrator, user }) =>
        orchestrator.namespace === namespace &&
        ['alice', 'bob'].includes(user?.name ?? '') &&
        orchestrator.resource?.type === 'pods',
    },
    {
      name: 'a namespace whose name is an attack',
      fromMs,
      toMs,
      intervalMs: 3_600_000,
      variables: { namespace: [HOSTILE.orchestrator.namespace!] },
      has: ({ orchestrator }) => orchestrator.namespace === HOSTILE.orchestrator.namespace,
    },
  ];
}

function mostFrequent(alerts: readonly Alert[], value: (alert: Alert) => string | undefined): string[] {
  const counts = countAlerts(alerts, { by: [(alert) => [value(alert)]], max: 2 });
  return [...counts.keys()].map((key) => JSON.parse(key)[0]);
}

function chosen(alerts: readonly Alert[], { fromMs, toMs, has }: Chosen): Alert[] {
  return alerts.filter((alert) => {
    const time = timeOf(alert);
    return alert.gatewatch.status !== 'withdrawn' && time >= fromMs && time <= toMs && has(alert);
  });
}

function expectedCounts(alerts: readonly Alert[], expected: Expectation, target: Target, view: View): Counts {
  const { where = () => true, by = [], overTime } = expected;
  const bare = JSON.stringify(target).includes(NONE) ? { missing: NONE } : {};
  return countAlerts(alerts.filter(where), {
    by,
    max: VALUES_MAX,
    ...bare,
    ...(overTime && { intervalMs: view.intervalMs }),
  });
}

/** Alerts of the same time may come in any order. */
function assertNewest(
  shown: readonly string[],
  alerts: readonly Alert[],
  expected: Expectation,
  what: string,
): void {
  const { where = () => true, newest } = expected;
  const byId = new Map(alerts.filter(where).map((alert) => [alert.event.id, alert]));
  const times = shown.map((id) => timeOf(byId.get(id) ?? assert.fail(`${what}: ${id}`)));
  const newestTimes = [...byId.values()].map(timeOf).sort((a, b) => b - a);
  assert.deepEqual(times, newestTimes.slice(0, newest), what);
}

function sorted(counts: Counts): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
