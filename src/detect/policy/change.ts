import type { PolicyChange } from '../../record/signal.ts';
import { member } from '../decode/json.ts';
import { creates, type Request } from '../decode/request.ts';
import type { WrittenObject } from '../memory/written-object.ts';
import { applyPatch } from '../patch/apply.ts';
import {
  comparePolicy,
  createdAnew,
  namedByPatch,
  notRecorded,
  unchanged,
  writtenUnseen,
} from './compare.ts';
import { tellsWhole } from './former.ts';
import { policyKindOf } from './registry.ts';

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** What is known of the object that a request writes. */
interface Versions {
  /** What it was before, as far as that was ever seen. */
  readonly before: unknown;
  /** Of one that is created: what the last one of its name was, which was deleted. */
  readonly former: unknown;
  /** What the write leaves, or tried to. */
  readonly written: WrittenObject | undefined;
  /** False if the answer shows that the write left it as it was. */
  readonly objectChanged: boolean;
}

/** True if the request is of a kind that can change a policy; nothing has been decoded yet. */
export function mayChangePolicy({ ref, verb }: Pick<Request, 'ref' | 'verb'>): boolean {
  // Status and scale of a policy say nothing of what it demands.
  if (ref.subresource !== '' || !WRITES.has(verb)) return false;
  // Only its label tells whether a ConfigMap is one of OPA's policies.
  return ref.resource === 'configmaps' || policyKindOf(ref) !== undefined;
}

/**
 * What a request does, or would have done, to admission control itself.
 * @param versions asked for only if the request writes an object of admission control
 * @returns undefined if it writes none
 */
export function policyChange(request: Request, versions: () => Versions): PolicyChange | undefined {
  if (!mayChangePolicy(request)) return undefined;
  const { ref, verb } = request;
  const { before, former, written, objectChanged } = versions();
  const patch = verb === 'patch' ? request.requestObject : undefined;
  const kind = policyKindOf(ref, [before, written?.object], patch);
  if (!kind) return undefined;
  if (creates(request)) {
    const object = written?.object ?? {};
    return former === undefined ? comparePolicy(kind, undefined, object) : createdAnew(kind, former, object);
  }
  if (verb.startsWith('delete')) return comparePolicy(kind, before ?? {}, undefined);
  if (!written) return notRecorded(kind);
  if (written.whole && before !== undefined) {
    const change = comparePolicy(kind, before, written.object);
    return change.changes.length === 0 && !objectChanged ? unchanged(kind) : change;
  }
  const { requestObject } = request;
  const isPartial = verb === 'patch' && requestObject && !tellsWhole(requestObject);
  if (!objectChanged && !(isPartial && takesAway(requestObject))) return unchanged(kind);
  if (!isPartial) return writtenUnseen(kind, written.object);
  // An answer that was recorded without what matters leaves only the patch.
  const answered = kind.parts.some((part) => member(written.object, part) !== undefined);
  return namedByPatch(kind, requestObject, answered ? written.object : applyPatch(undefined, requestObject));
}

/** What a patch removes leaves no trace in the object's `managedFields`, by which it is told whether the object was changed. */
function takesAway(patch: unknown): boolean {
  return /:(?:null|\[\]|\{\})|"op":"(?:remove|move)"|"\$patch"/.test(JSON.stringify(patch ?? null));
}
