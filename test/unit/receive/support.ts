import type { InputLimits, Origin } from '../../../src/receive/parsed.ts';

export const ORIGIN: Origin = { cluster: 'prod', receivedMs: 1_764_000_000_000 };

export const LIMITS = {
  batch_items_max: 100,
  item_bytes_max: 100_000,
  json_depth_max: 50,
  body_bytes_max: 1_000_000,
} as const satisfies InputLimits & { body_bytes_max: number };

/** An EventList around items that are JSON already. */
export function eventList(...items: readonly (string | Buffer)[]): Buffer {
  const parts = items.flatMap((item, index) => [Buffer.from(index > 0 ? ',' : ''), Buffer.from(item)]);
  return Buffer.concat([
    Buffer.from('{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":['),
    ...parts,
    Buffer.from(']}\n'),
  ]);
}

/** An event in the API server's order of fields. */
export function event(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({
    level: 'RequestResponse',
    auditID: 'a-1',
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/web/pods',
    verb: 'create',
    user: { username: 'alice' },
    objectRef: { resource: 'pods', namespace: 'web', name: 'p', apiVersion: 'v1' },
    ...fields,
  });
}
