import type { estypes } from '@elastic/elasticsearch';
import { alertsAlias, alertsPattern, auditEventsStream } from './names.ts';
import type { ElasticsearchOptions } from './options.ts';

/** What one kind of user needs, as the body of a role of Elasticsearch or a descriptor of an API key. */
export type Privileges = Pick<estypes.SecurityRoleDescriptor, 'cluster' | 'indices'>;

/**
 * The least that each part of Gatewatch needs: installing templates, writing (the role `index`), reading (the role `console`). A user
 * for several parts needs the privileges of each.
 */
export function neededPrivileges({
  namespace,
  audit_events,
}: Pick<ElasticsearchOptions, 'namespace' | 'audit_events'>): Record<
  'setup' | 'index' | 'console',
  Privileges
> {
  const alerts = alertsPattern(namespace);
  const stream = audit_events.enabled ? [auditEventsStream(namespace)] : [];
  return {
    setup: {
      cluster: ['monitor', 'manage_index_templates'],
      indices: [{ names: [alerts, ...stream], privileges: ['manage'] }],
    },
    index: {
      cluster: ['monitor'],
      indices: [
        {
          names: [alerts],
          privileges: ['auto_configure', 'read', 'index', 'view_index_metadata', 'delete_index'],
        },
        ...stream.map((name) => ({ names: [name], privileges: ['auto_configure', 'create_doc'] })),
      ],
    },
    console: {
      cluster: ['monitor'],
      indices: [{ names: [alertsAlias(namespace)], privileges: ['read'] }],
    },
  };
}
