import { arrange, type Line } from '../grid.ts';

export interface Reference {
  readonly type: 'index-pattern' | 'search';
  readonly id: string;
  readonly name: string;
}

export interface SavedObject {
  readonly type: 'index-pattern' | 'search' | 'dashboard';
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly coreMigrationVersion: string;
  readonly typeMigrationVersion: string;
  readonly managed: false;
}

/** A filter on one value of a field, as it stands below the search bar. */
export interface Filter {
  readonly field: string;
  readonly value: string;
  readonly negate: boolean;
  readonly label: string;
}

/** A panel of a dashboard that has no place yet; what it refers to is said by name. */
export interface Panel {
  readonly type: 'lens' | 'search';
  readonly title: string;
  readonly config: object;
  /** For a panel that is a saved object of its own: its name among the references. */
  readonly refName?: string;
  readonly references: readonly Reference[];
}

/**
 * Kibana takes what is as old as itself or older, and migrates it. These are the newest forms that Kibana 8.9 has, so that every
 * Kibana takes them that goes with an Elasticsearch that Gatewatch takes.
 */
const VERSIONS = { 'index-pattern': '8.0.0', search: '8.0.0', dashboard: '8.9.0' };
const CORE_VERSION = '8.8.0';

const COLUMNS = 48;

export interface DataViewOptions {
  readonly id: string;
  readonly name: string;
  readonly indices: string;
  /** Names that people see, by field. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Formats of fields, by field. */
  readonly formats?: Readonly<Record<string, object>>;
}

/** Indices and how their fields are shown. */
export function dataView({ id, name, indices, labels = {}, formats = {} }: DataViewOptions): SavedObject {
  const named = Object.entries(labels).map(([field, customLabel]) => [field, { customLabel }]);
  return savedObject('index-pattern', id, [], {
    title: indices,
    name,
    timeFieldName: '@timestamp',
    fieldAttrs: JSON.stringify(Object.fromEntries(named)),
    fieldFormatMap: JSON.stringify(formats),
    // The indices come with the first alert.
    allowNoIndex: true,
  });
}

export interface SavedSearchOptions {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly dataView: string;
  readonly filters: readonly Filter[];
  readonly columns: readonly string[];
}

/** Documents of a data view, newest first. */
export function savedSearch(options: SavedSearchOptions): SavedObject {
  const { id, title, description, dataView, filters, columns } = options;
  const source = searchSource(filters, dataView);
  const reference = { type: 'index-pattern', id: dataView, name: `${SOURCE}.index` } as const;
  return savedObject('search', id, [reference, ...source.references], {
    title,
    description,
    columns,
    sort: [['@timestamp', 'desc']],
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({ ...source.fields, indexRefName: reference.name }),
    },
  });
}

export interface DashboardOptions {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly dataView: string;
  readonly filters: readonly Filter[];
  /** Fields to choose values of, by what people call them. */
  readonly controls: Readonly<Record<string, string>>;
  readonly lines: readonly Line<Panel>[];
}

/** Panels over one data view. */
export function dashboard(options: DashboardOptions): SavedObject {
  const { id, title, description, dataView, filters, controls, lines } = options;
  const source = searchSource(filters, dataView);
  const panels = arrange(lines, COLUMNS).map(([panel, place], at) => ({ panel, place, index: `p${at + 1}` }));
  const controlled = Object.entries(controls).map(([title, field], order) => ({ title, field, order }));
  const references = [
    ...source.references,
    ...panels.flatMap(({ panel, index }) =>
      panel.references.map((reference) => ({ ...reference, name: `${index}:${reference.name}` })),
    ),
    ...controlled.map(
      ({ order }) =>
        ({
          type: 'index-pattern',
          id: dataView,
          name: `controlGroup_c${order}:optionsListDataView`,
        }) as const,
    ),
  ];
  return savedObject('dashboard', id, references, {
    title,
    description,
    timeRestore: true,
    timeFrom: 'now-24h',
    timeTo: 'now',
    refreshInterval: { pause: true, value: 60_000 },
    kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(source.fields) },
    optionsJSON: JSON.stringify({ useMargins: true, syncCursor: true, hidePanelTitles: false }),
    panelsJSON: JSON.stringify(
      panels.map(({ panel, place, index }) => ({
        version: VERSIONS.dashboard,
        type: panel.type,
        title: panel.title,
        panelIndex: index,
        gridData: { ...place, i: index },
        embeddableConfig: { ...panel.config, enhancements: {} },
        ...(panel.refName !== undefined && { panelRefName: panel.refName }),
      })),
    ),
    controlGroupInput: {
      controlStyle: 'oneLine',
      chainingSystem: 'HIERARCHICAL',
      ignoreParentSettingsJSON: JSON.stringify({
        ignoreFilters: false,
        ignoreQuery: false,
        ignoreTimerange: false,
        ignoreValidations: false,
      }),
      panelsJSON: JSON.stringify(
        Object.fromEntries(
          controlled.map(({ title, field, order }) => {
            const explicitInput = { id: `c${order}`, fieldName: field, title, enhancements: {} };
            return [
              `c${order}`,
              { order, width: 'medium', grow: true, type: 'optionsListControl', explicitInput },
            ];
          }),
        ),
      ),
    },
  });
}

/** A panel that shows a saved search. */
export function searchPanel(title: string, search: SavedObject): Panel {
  const refName = `panel_${search.id}`;
  return {
    type: 'search',
    title,
    config: {},
    refName,
    references: [{ type: 'search', id: search.id, name: refName }],
  };
}

const SOURCE = 'kibanaSavedObjectMeta.searchSourceJSON';

/** Query and filters; a filter names its data view by reference. */
function searchSource(filters: readonly Filter[], dataView: string) {
  const names = filters.map((_, at) => `${SOURCE}.filter[${at}].meta.index`);
  return {
    fields: {
      query: { language: 'kuery', query: '' },
      filter: filters.map(({ field, value, negate, label }, at) => ({
        $state: { store: 'appState' },
        meta: {
          alias: label,
          disabled: false,
          negate,
          type: 'phrase',
          key: field,
          params: { query: value },
          indexRefName: names[at],
        },
        query: { match_phrase: { [field]: value } },
      })),
    },
    references: names.map((name) => ({ type: 'index-pattern', id: dataView, name }) as const),
  };
}

function savedObject(
  type: SavedObject['type'],
  id: string,
  references: readonly Reference[],
  attributes: SavedObject['attributes'],
): SavedObject {
  return {
    type,
    id,
    attributes,
    references,
    coreMigrationVersion: CORE_VERSION,
    typeMigrationVersion: VERSIONS[type],
    managed: false,
  };
}
