import type { Colors, Panel, Target } from './dashboard.ts';

interface Choice {
  readonly title: string;
  /** What the panel answers, or what must be known to read it. */
  readonly description?: string;
  readonly targets: readonly Target[];
  readonly unit?: string;
  readonly colors?: Colors;
}

/** A column of a table: the field, and the name that people see. */
export interface Column {
  readonly field: string;
  readonly name: string;
  readonly width?: number;
  readonly colors?: Colors;
  readonly links?: readonly Link[];
  readonly hidden?: true;
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

/** What Grafana calls the number of documents. */
const COUNT = 'Count';

/** More would be too thin to see. */
const BARS_MAX = 100;

/** How much there was of something at each time, stacked. */
export function bars(choice: Choice): Panel {
  const panel = timeSeries(choice, {
    drawStyle: 'bars',
    fillOpacity: 80,
    lineWidth: 0,
    stacking: { mode: 'normal', group: 'A' },
  });
  return { ...panel, maxDataPoints: BARS_MAX };
}

/** How something went up and down. */
export function lines(choice: Choice): Panel {
  return timeSeries(choice, {
    drawStyle: 'line',
    fillOpacity: 10,
    lineWidth: 1,
    showPoints: 'never',
    stacking: { mode: 'none', group: 'A' },
  });
}

function timeSeries(choice: Choice, custom: object): Panel {
  return {
    ...common('timeseries', choice, { custom, min: 0 }),
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** One number: the sum over the time range, or of a gauge the last value. */
export function stat(
  choice: Choice & { readonly of?: 'sum' | 'lastNotNull'; readonly color?: string },
): Panel {
  const { of = 'sum', color = 'text', ...rest } = choice;
  return {
    ...common('stat', rest, { color: { mode: 'fixed', fixedColor: color }, noValue: '0' }),
    options: {
      reduceOptions: { calcs: [of], fields: '', values: false },
      colorMode: 'value',
      graphMode: 'area',
      textMode: 'value',
    },
  };
}

/** Values of fields and how many alerts have each, most frequent first. */
export function ranking({ columns, ...choice }: Choice & { readonly columns: readonly Column[] }): Panel {
  const count = override(COUNT, {
    displayName: 'Alerts',
    color: { mode: 'fixed', fixedColor: 'blue' },
    'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
  });
  const { fieldConfig, ...panel } = common('table', choice, { min: 0 });
  return {
    ...panel,
    fieldConfig: { ...fieldConfig, overrides: [...columns.map(columnOverride), count] },
    options: { showHeader: true, cellHeight: 'sm', sortBy: [{ displayName: 'Alerts', desc: true }] },
  };
}

/** Documents, newest first: of all their fields these columns, in this order. */
export function documents({ columns, ...choice }: Choice & { readonly columns: readonly Column[] }): Panel {
  const { fieldConfig, ...panel } = common('table', choice, {});
  return {
    ...panel,
    fieldConfig: { ...fieldConfig, overrides: columns.map(columnOverride) },
    options: { showHeader: true, cellHeight: 'sm', footer: { show: false, enablePagination: true } },
    transformations: [
      { id: 'filterFieldsByName', options: { include: { names: columns.map(({ field }) => field) } } },
      {
        id: 'organize',
        options: {
          indexByName: Object.fromEntries(columns.map(({ field }, at) => [field, at])),
          excludeByName: {},
          renameByName: {},
        },
      },
    ],
  };
}

function common(type: string, choice: Choice, defaults: object): Omit<Panel, 'options'> {
  const { title, description, targets, unit, colors = {} } = choice;
  const [{ datasource }] = targets as [Target];
  return {
    type,
    title,
    ...(description !== undefined && { description }),
    datasource,
    targets: targets.map((target, at) => ({ refId: String.fromCharCode(65 + at), ...target })),
    fieldConfig: {
      // Without a unit nothing is rounded, nor a name like 2048 taken for a number.
      defaults: { ...(unit !== undefined && { unit }), ...defaults },
      overrides: Object.entries(colors).map(([name, fixedColor]) =>
        override(name, { color: { mode: 'fixed', fixedColor } }),
      ),
    },
  };
}

/**
 * A field is renamed where it is shown, and keeps its name where it is used: a click on a cell makes a filter of it, and a link
 * takes its value.
 */
function columnOverride({ field, name, width, colors, links, hidden }: Column): object {
  return override(field, {
    displayName: name,
    ...(width !== undefined && { 'custom.width': width }),
    ...(hidden && { 'custom.hidden': true }),
    ...(links && { links: links.map((link) => ({ ...link, targetBlank: true })) }),
    ...(colors && {
      mappings: [
        {
          type: 'value',
          options: Object.fromEntries(
            Object.entries(colors).map(([value, color], index) => [value, { color, index }]),
          ),
        },
      ],
      'custom.cellOptions': { type: 'color-text' },
    }),
  });
}

function override(field: string, properties: Readonly<Record<string, unknown>>): object {
  return {
    matcher: { id: 'byName', options: field },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
  };
}
