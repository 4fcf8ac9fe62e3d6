import { hash } from 'node:crypto';
import type { estypes } from '@elastic/elasticsearch';
import { AUDIT_EVENTS_MAPPING } from './audit-mapping.ts';
import { ALERTS_MAPPING } from './mapping.ts';
import { alertsAlias, alertsPattern, auditEventsStream } from './names.ts';
import type { ElasticsearchOptions } from './options.ts';

/** Grows with every change to what is below, so that an older Gatewatch leaves the templates of a newer one as they are. */
const VERSION = 1;

/** Above Elastic's templates for `logs-*-*` (100) and for integrations (200). */
const PRIORITY = 500;

/** What an index or index template says of who made it. */
export const MANAGED_BY = 'gatewatch';

/** A part of index templates. */
export interface ComponentTemplate extends estypes.ClusterComponentTemplateNode {
  readonly name: string;
}

/** A template by which Elasticsearch makes the indices of a name. */
export interface IndexTemplate extends Omit<estypes.IndicesPutIndexTemplateRequest, 'name' | 'body'> {
  readonly name: string;
}

/** One kind of documents and the templates for it. */
export interface Templates {
  readonly components: readonly ComponentTemplate[];
  readonly index: IndexTemplate;
  /** Indices or data stream that exist already and get new fields, as a pattern. */
  readonly existing: string;
  /** The name of an index that the index template is for. */
  readonly example: string;
  readonly mapping: estypes.MappingTypeMapping;
}

/** Everything that is installed, as the JSON of the requests, but for the names. */
export function plannedTemplates(
  options: Pick<ElasticsearchOptions, 'namespace' | 'audit_events'>,
): Templates[] {
  const { namespace, audit_events } = options;
  return [
    alerts(namespace),
    ...(audit_events.enabled ? [auditEvents(namespace, audit_events.retention_days)] : []),
  ];
}

function alerts(namespace: string): Templates {
  const pattern = alertsPattern(namespace);
  return {
    ...templates('gatewatch-alerts', ALERTS_MAPPING, {
      name: `gatewatch-alerts-${namespace}`,
      index_patterns: [pattern],
      // Writing by the alias would put an alert into a month that is not its own.
      template: { aliases: { [alertsAlias(namespace)]: { is_write_index: false } } },
    }),
    existing: pattern,
    example: pattern.replace('*', '2026.01'),
  };
}

function auditEvents(namespace: string, retentionDays: number): Templates {
  const stream = auditEventsStream(namespace);
  return {
    ...templates('gatewatch-audit-events', AUDIT_EVENTS_MAPPING, {
      name: `gatewatch-audit-events-${namespace}`,
      index_patterns: [stream],
      data_stream: {},
      template: { lifecycle: { data_retention: `${Math.ceil(retentionDays * 24)}h` } },
    }),
    existing: stream,
    example: stream,
  };
}

/** Component templates for mapping and settings, and the index template of them; `NAME@custom`, if an operator makes it, has the last word. */
function templates(
  name: string,
  mapping: estypes.MappingTypeMapping,
  index: IndexTemplate,
): Pick<Templates, 'components' | 'index' | 'mapping'> {
  const mappings = { ...mapping, _meta: { managed_by: MANAGED_BY } };
  // One shard holds a month's alerts; a cluster of one node has no place for a replica.
  const settings = { index: { number_of_shards: 1, auto_expand_replicas: '0-1' } };
  const custom = `${name}@custom`;
  const components = [
    { name: `${name}@mappings`, template: { mappings } },
    { name: `${name}@settings`, template: { settings } },
  ];
  return {
    mapping: mappings,
    components: components.map(described),
    index: described({
      ...index,
      priority: PRIORITY,
      composed_of: [...components.map((component) => component.name), custom],
      ignore_missing_component_templates: [custom],
    }),
  };
}

/** With its version, and the hash of its content, by which two can be compared whatever Elasticsearch adds. */
function described<Template extends object>(template: Template) {
  const content = hash('sha256', JSON.stringify(template)).slice(0, 16);
  return { ...template, version: VERSION, _meta: { managed_by: MANAGED_BY, content } };
}
