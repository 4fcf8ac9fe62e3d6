import type { Panel } from './saved-objects.ts';

/** Values of a field that are shown. */
const VALUES_MAX = 10;

const LAYER = 'layer';
const COUNT = 'count';
const TIME = 'time';

interface Column {
  readonly isBucketed: boolean;
  readonly [setting: string]: unknown;
}

/** Makes panels of Lens over one data view; `query` is KQL. */
export class Lens {
  readonly #dataView: string;

  constructor(dataView: string) {
    this.#dataView = dataView;
  }

  /** One number. */
  metric(title: string, query = ''): Panel {
    const visualization = { layerId: LAYER, layerType: 'data', metricAccessor: COUNT };
    return this.#panel(title, query, { [COUNT]: count(title) }, 'lnsMetric', visualization);
  }

  /** How many documents there were at each time, by the values of a field. */
  overTime(title: string, field: string, query = ''): Panel {
    const columns = { by: values(field, field), [TIME]: TIME_COLUMN, [COUNT]: count('Alerts') };
    return this.#panel(title, query, columns, 'lnsXY', {
      legend: { isVisible: true, position: 'right' },
      valueLabels: 'hide',
      fittingFunction: 'None',
      preferredSeriesType: 'bar_stacked',
      axisTitlesVisibilitySettings: { x: false, yLeft: false, yRight: false },
      layers: [
        {
          layerId: LAYER,
          layerType: 'data',
          seriesType: 'bar_stacked',
          xAccessor: TIME,
          splitAccessor: 'by',
          accessors: [COUNT],
        },
      ],
    });
  }

  /** Values of fields and how many documents have each, most frequent first; `fields` names the columns. */
  ranking(title: string, fields: Readonly<Record<string, string>>, query = ''): Panel {
    const by = Object.entries(fields).map(([name, field], at) => [`by${at}`, values(name, field)] as const);
    const columns = { ...Object.fromEntries(by), [COUNT]: count('Alerts') };
    return this.#panel(title, query, columns, 'lnsDatatable', {
      layerId: LAYER,
      layerType: 'data',
      columns: Object.keys(columns).map((columnId) => ({ columnId })),
    });
  }

  #panel(
    title: string,
    query: string,
    columns: Readonly<Record<string, Column>>,
    visualizationType: string,
    visualization: object,
  ): Panel {
    const name = `indexpattern-datasource-layer-${LAYER}`;
    const references = [{ type: 'index-pattern', id: this.#dataView, name }] as const;
    const layer = { columnOrder: Object.keys(columns), columns, incompleteColumns: {} };
    const state = {
      query: { language: 'kuery', query },
      filters: [],
      datasourceStates: { formBased: { layers: { [LAYER]: layer } } },
      visualization,
      internalReferences: [],
      adHocDataViews: {},
    };
    const attributes = { title, type: 'lens', visualizationType, state, references };
    return { type: 'lens', title, config: { attributes }, references };
  }
}

function count(label: string): Column {
  return {
    label,
    customLabel: true,
    dataType: 'number',
    operationType: 'count',
    sourceField: '___records___',
    isBucketed: false,
    scale: 'ratio',
    params: { emptyAsNull: false },
  };
}

function values(label: string, field: string): Column {
  return {
    label,
    customLabel: true,
    dataType: field.endsWith('.ip') ? 'ip' : 'string',
    operationType: 'terms',
    sourceField: field,
    isBucketed: true,
    scale: 'ordinal',
    params: {
      size: VALUES_MAX,
      orderBy: { type: 'column', columnId: COUNT },
      orderDirection: 'desc',
      // What has another value, or none, is counted too.
      otherBucket: true,
      missingBucket: true,
      parentFormat: { id: 'terms' },
    },
  };
}

const TIME_COLUMN: Column = {
  label: '@timestamp',
  dataType: 'date',
  operationType: 'date_histogram',
  sourceField: '@timestamp',
  isBucketed: true,
  scale: 'interval',
  params: { interval: 'auto', includeEmptyRows: true, dropPartials: false },
};
