import { patternCovers } from '../../../record/pattern.ts';
import { listOf, member, stringOf, stringsOf } from '../../decode/json.ts';
import { listed } from '../canonical.ts';
import { type Extent, unionExtent } from '../extent.ts';
import { fields, harmless, unjudged } from '../fields.ts';
import { exemption } from '../reach.ts';

/** Namespaces that a process of Gatekeeper passes over. */
interface Exclusion {
  readonly namespace: string;
  readonly process: string;
}

function* exclusionsOf(match: unknown): Iterable<Exclusion> {
  for (const one of listOf(match)) {
    const processes = stringsOf(member(one, 'processes'));
    for (const namespace of stringsOf(member(one, 'excludedNamespaces')))
      for (const process of processes) yield { namespace, process };
  }
}

function exclusionsExtent(before: unknown, after: unknown): Extent {
  return unionExtent(
    exclusionsOf(before),
    exclusionsOf(after),
    (whole, part) =>
      patternCovers(whole.namespace, part.namespace) && patternCovers(whole.process, part.process),
  );
}

/** Exclusions that are counted for people. */
const TOLD_MAX = 1_000;

function text(match: unknown): string {
  const exclusions = Iterator.from(exclusionsOf(match)).take(TOLD_MAX).toArray();
  return listed(exclusions.map(({ namespace, process }) => `${namespace} (${process})`)) || 'none';
}

/** Config of config.gatekeeper.sh: which namespaces no constraint sees, and what constraints know of the cluster. */
export const gatekeeperConfig = fields({
  spec: fields({
    match: exemption('excluded namespaces', exclusionsExtent, text),
    sync: unjudged('sync'),
    validation: harmless,
    readiness: harmless,
  }),
});

/** SyncSet of syncset.gatekeeper.sh. */
export const gatekeeperSyncSet = fields({ spec: unjudged('spec', 'sync-changed') });

/** A policy that can ask somebody outside of the cluster. Provider of externaldata.gatekeeper.sh. */
export const gatekeeperProvider = fields({
  spec: fields({
    url: (before, after, place) => [
      {
        effect: 'weakened',
        change: 'address-changed',
        reason: `${place.subject}url ${stringOf(before) ?? 'none'} → ${stringOf(after) ?? 'none'}`,
      },
    ],
    caBundle: () => [{ effect: 'neutral', change: 'ca-changed', reason: 'caBundle was replaced' }],
    timeout: harmless,
  }),
});
