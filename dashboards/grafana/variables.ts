import type { DataSourceRef, Variable } from './dashboard.ts';

/** Stands for the value of a variable, in a format if one is named, as `search:raw`. */
export function placeholder(variable: string): string {
  return `\${${variable}}`;
}

/** Which of Grafana's data sources of a type a dashboard reads; elsewhere than here it may have another uid. */
export function dataSourceVariable(type: DataSourceRef['type'], label: string, uid: string): Variable {
  return { type: 'datasource', name: type, label, query: type, current: { text: uid, value: uid } };
}

/** A text that people type. */
export function textVariable(name: string, label: string, value: string): Variable {
  return { type: 'textbox', name, label, query: value, current: { text: value, value } };
}

/** Any number of fixed values. */
export function choiceVariable(name: string, label: string, values: readonly string[]): Variable {
  return { ...MANY, type: 'custom', name, label, query: values.join(','), allValue: ANY };
}

/** Any number of the values that a field has among the alerts of the time range. */
export function fieldVariable(
  name: string,
  label: string,
  field: string,
  datasource: DataSourceRef,
): Variable {
  const query = JSON.stringify({ find: 'terms', field, query: 'NOT gatewatch.status:withdrawn' });
  return { ...MANY, ...QUERY, name, label, datasource, query, definition: query, allValue: ANY };
}

/** Any number of the values that a label of a metric has. */
export function labelVariable(
  name: string,
  title: string,
  metric: string,
  datasource: DataSourceRef,
): Variable {
  const definition = `label_values(${metric}, ${name})`;
  const query = { query: definition, refId: 'PrometheusVariableQueryEditor-VariableQuery' };
  return { ...MANY, ...QUERY, name, label: title, datasource, query, definition };
}

/** Filters on any field, by hand or by a click on a cell. */
export function adHocVariable(name: string, label: string, datasource: DataSourceRef): Variable {
  return { type: 'adhoc', name, label, datasource, filters: [] };
}

/**
 * What stands for "All" behind `field:`. A list of all values would leave out alerts that do not have the field, as those about
 * cluster-wide objects have no namespace, and `*` alone does too.
 */
const ANY = '* OR *:*';

const MANY = {
  multi: true,
  includeAll: true,
  current: { text: ['All'], value: ['$__all'] },
};

const QUERY = {
  type: 'query',
  regex: '',
  // Alphabetical, whatever case.
  sort: 5,
  // When the time range changes.
  refresh: 2,
};
