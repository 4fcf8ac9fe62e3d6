import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { generateDashboards } from '../../../dashboards/generate.ts';
import { admission } from '../../../dashboards/grafana/admission.ts';
import { alerts } from '../../../dashboards/grafana/alerts.ts';
import type { Target } from '../../../dashboards/grafana/dashboard.ts';
import { pipeline } from '../../../dashboards/grafana/pipeline.ts';
import type { Place } from '../../../dashboards/grid.ts';
import { savedObjects } from '../../../dashboards/kibana/alerts.ts';

const FOLDER = join(import.meta.dirname, '../../../dashboards');
const GRAFANA = [alerts, admission, pipeline];

suite('generated dashboards', () => {
  const generated = generateDashboards();

  for (const [path, text] of Object.entries(generated)) {
    test(`dashboards/${path} is what its source says: run \`node dashboards/generate.ts\``, () => {
      assert.equal(readFileSync(join(FOLDER, path), 'utf8'), text);
    });
  }

  test('nothing else lies where Grafana and Kibana read', () => {
    const found = globSync(['grafana/dashboards/*', 'kibana/*.ndjson'], { cwd: FOLDER });
    assert.deepEqual(found.sort(), Object.keys(generated).sort());
  });
});

suite('Grafana dashboards', () => {
  test('have titles, ids and names of their own', () => {
    for (const key of ['uid', 'title'] as const)
      assert.equal(new Set(GRAFANA.map((each) => each[key])).size, 3);
    for (const { uid, panels } of GRAFANA) {
      assert.match(uid, /^[\w-]{1,40}$/);
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      for (const panel of panels.filter((panel) => 'targets' in panel)) {
        const names = panel.targets.map(({ refId }) => refId);
        assert.equal(new Set(names).size, names.length, panel.title);
        assert.ok(names.length > 0, panel.title);
      }
    }
  });

  test('have their panels beside and below each other', () => {
    for (const { panels } of GRAFANA)
      assertArranged(
        panels.map(({ gridPos }) => gridPos),
        24,
      );
  });

  test('name only variables that they have, and have only those that they name', (t: TestContext) => {
    for (const { title, templating, panels } of GRAFANA) {
      const has = templating.list.map(({ name }) => name);
      const text = JSON.stringify([panels, templating.list.map(({ allValue: _, ...variable }) => variable)]);
      const named = [...text.matchAll(/\$(\w+)|\$\{(\w+)/g)].map(([, plain, braced]) => (plain ?? braced)!);
      const own = new Set(named.filter((name) => !name.startsWith('__')));
      // Filters apply by themselves.
      assert.deepEqual([...own].sort(), has.filter((name) => name !== 'filters').sort(), title);
      t.diagnostic(`${title}: ${panels.length} panels with rows, ${has.length} variables`);
    }
  });

  test('make links of columns that they have', (t: TestContext) => {
    let links = 0;
    for (const { panels } of GRAFANA) {
      for (const panel of panels) {
        const [, columns = ''] = /"names":\[([^\]]*)\]/.exec(JSON.stringify(panel)) ?? [];
        for (const [, field] of JSON.stringify(panel).matchAll(/__data\.fields\[\\"([^"\\]+)/g)) {
          assert.ok(columns.includes(`"${field}"`), `${panel.title}: ${field}`);
          links++;
        }
      }
    }
    t.diagnostic(`${links} links`);
  });

  test('read the data sources that people choose', () => {
    for (const { panels, templating } of GRAFANA) {
      const sources = templating.list.filter(({ type }) => type === 'datasource');
      const wanted = sources.map(({ name, query }) => ({ type: query, uid: `\${${name}}` }));
      for (const panel of panels.filter((panel) => 'targets' in panel))
        for (const { datasource } of [panel as { datasource: Target['datasource'] }, ...panel.targets])
          assert.deepEqual([datasource], wanted, panel.title);
    }
  });

  test('begin with the data sources that are provisioned', () => {
    const path = join(FOLDER, 'grafana/provisioning/datasources/gatewatch.yaml');
    assert.ok(existsSync(path));
    const { datasources } = parse(readFileSync(path, 'utf8')) as {
      datasources: { type: string; uid: string }[];
    };
    for (const { templating } of GRAFANA)
      for (const { type, query, current } of templating.list.filter(({ type }) => type === 'datasource'))
        assert.ok(
          datasources.some(({ type, uid }) => type === query && uid === (current as { value: string }).value),
          `${type} ${query}`,
        );
  });
});

test('panels in Kibana stand beside and below each other', () => {
  for (const { type, attributes } of savedObjects) {
    if (type !== 'dashboard') continue;
    const panels = JSON.parse(attributes.panelsJSON as string) as { gridData: Place; panelIndex: string }[];
    assertArranged(
      panels.map(({ gridData }) => gridData),
      48,
    );
    assert.equal(new Set(panels.map(({ panelIndex }) => panelIndex)).size, panels.length);
  }
});

/** No place lies outside or on another, and none is left free above one. */
function assertArranged(places: readonly Place[], columns: number): void {
  const taken = new Set<string>();
  for (const { x, y, w, h } of places) {
    assert.ok(x >= 0 && x + w <= columns && w > 0 && h > 0);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!taken.has(`${column},${row}`), `${column},${row} is taken twice`);
        taken.add(`${column},${row}`);
      }
    }
  }
  const rows = Math.max(...places.map(({ y, h }) => y + h));
  assert.equal(taken.size, rows * columns);
}
