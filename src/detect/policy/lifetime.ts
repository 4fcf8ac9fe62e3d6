import { at, isObject, type JsonObject, listOf, stringOf } from '../decode/json.ts';
import type { Finding } from './finding.ts';

/** Kyverno's cleanup controller deletes what has this label once its time is over, whatever it is (kyverno.io/docs/policy-types/cleanup-policy). */
const TTL_LABEL = 'cleanup.kyverno.io/ttl';

/** More owners are nobody's. */
const OWNERS_MAX = 32;

/** What of an object's metadata makes that somebody else deletes it. */
interface Lifetime {
  readonly labels?: JsonObject;
  readonly ownerReferences?: readonly JsonObject[];
}

/** As it is kept among the facts of an object. */
export function lifetimeFacts(object: unknown): Lifetime {
  const ttl = at(object, 'metadata', 'labels', TTL_LABEL);
  const owners = listOf(at(object, 'metadata', 'ownerReferences'))
    .filter(isObject)
    .slice(0, OWNERS_MAX);
  return {
    ...(ttl === undefined ? {} : { labels: { [TTL_LABEL]: ttl } }),
    ...(owners.length === 0
      ? {}
      : { ownerReferences: owners.map(({ kind, name, uid }) => ({ kind, name, uid })) }),
  };
}

/** What a change of an object's metadata says of how long it will last: the label and the owner do what a deletion does, later and by another hand. */
export function lifetimeChanges(before: unknown, after: unknown): readonly Finding[] {
  const [was, is] = [before, after].map((facts) => stringOf(at(facts, 'metadata', 'labels', TTL_LABEL)));
  const findings: Finding[] = [];
  if (is !== undefined && is !== was) {
    const reason = `label ${TTL_LABEL}=${is} has it deleted`;
    findings.push({
      effect: was === undefined ? 'weakened' : 'unclear',
      change: 'deletion-scheduled',
      reason,
    });
  }
  const known = new Set(ownersOf(before).map(identity));
  for (const owner of ownersOf(after)) {
    if (known.has(identity(owner))) continue;
    const text = `${stringOf(at(owner, 'kind')) ?? 'an owner'} ${stringOf(at(owner, 'name')) ?? ''}`.trim();
    findings.push({
      effect: 'unclear',
      change: 'owner-added',
      reason: `is deleted with ${text}, its new owner`,
    });
  }
  return findings;
}

/** Facts without what is compared here. */
export function withoutLifetime(facts: JsonObject): JsonObject {
  const { metadata } = facts;
  if (!isObject(metadata)) return facts;
  const { ownerReferences: _, labels, ...others } = metadata;
  const left = Object.entries(isObject(labels) ? labels : {}).filter(([label]) => label !== TTL_LABEL);
  const kept = left.length > 0 ? { ...others, labels: Object.fromEntries(left) } : others;
  const { metadata: __, ...rest } = facts;
  return Object.keys(kept).length > 0 ? { ...rest, metadata: kept } : rest;
}

function ownersOf(facts: unknown): readonly unknown[] {
  return listOf(at(facts, 'metadata', 'ownerReferences'));
}

function identity(owner: unknown): string {
  return stringOf(at(owner, 'uid')) ?? stringOf(at(owner, 'name')) ?? '';
}
