import { arrange, type Line } from '../grid.ts';

/** Colours by the name of a series or value. */
export type Colors = Readonly<Record<string, string>>;

export interface DataSourceRef {
  readonly type: 'elasticsearch' | 'prometheus';
  readonly uid: string;
}

export interface Target {
  readonly datasource: DataSourceRef;
  readonly [setting: string]: unknown;
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly [setting: string]: unknown;
}

export interface FieldConfig {
  readonly defaults: object;
  readonly overrides: readonly object[];
}

/** A panel that has no place yet. */
export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource: DataSourceRef;
  readonly targets: readonly Target[];
  readonly fieldConfig: FieldConfig;
  readonly options: object;
  readonly transformations?: readonly object[];
  readonly maxDataPoints?: number;
}

export interface Section {
  readonly title: string;
  readonly lines: readonly Line<Panel>[];
}

export interface DashboardOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
}

export type Dashboard = ReturnType<typeof dashboard>;

const COLUMNS = 24;

/** That of Grafana 11.0: a newer Grafana migrates it, and no older one is promised to work. */
const SCHEMA_VERSION = 39;

/** By it the dashboards find each other, whatever else a Grafana holds. */
const TAG = 'gatewatch';

export function section(title: string, ...lines: readonly Line<Panel>[]): Section {
  return { title, lines };
}

/** A dashboard as Grafana imports and provisions it. */
export function dashboard({ uid, title, description, variables, sections }: DashboardOptions) {
  return {
    uid,
    title,
    description,
    tags: [TAG],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    // A crosshair that all panels share.
    graphTooltip: 1,
    timezone: 'browser',
    time: { from: 'now-24h', to: 'now' },
    refresh: '1m',
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'Gatewatch',
        tags: [TAG],
        asDropdown: true,
        keepTime: true,
        includeVars: true,
        targetBlank: false,
        icon: 'external link',
      },
    ],
    templating: { list: variables },
    panels: place(sections),
  };
}

/** Puts sections below each other, each under a row with its title. */
function place(sections: readonly Section[]) {
  let y = 0;
  const placed = sections.flatMap(({ title, lines }) => {
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    const row = { type: 'row', title, collapsed: false, panels: [], gridPos };
    const panels = arrange(lines, COLUMNS, y + gridPos.h).map(([panel, place]) => ({
      ...panel,
      gridPos: place,
    }));
    y += gridPos.h + lines.reduce((sum, { height }) => sum + height, 0);
    return [row, ...panels];
  });
  return placed.map((panel, at) => ({ id: at + 1, ...panel }));
}
