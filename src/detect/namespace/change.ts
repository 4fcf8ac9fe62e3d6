import { NAME_LABEL } from '../../record/namespace-scope.ts';
import { strictness } from '../../record/pod-security-level.ts';
import type { NamespaceChange, Outcome } from '../../record/signal.ts';
import { answeredMetadata } from '../decode/answer.ts';
import { creates, type Request, writesObject } from '../decode/request.ts';
import { applyEdit, changedSince, labelEdit, labelsOf, ownedSince } from './label-patch.ts';
import {
  concernsAdmission,
  ENFORCE,
  enforcedLevel,
  exemptingLabels,
  type LabelChange,
  type Labels,
  labelChanges,
} from './labels.ts';
import type { Known } from './posture.ts';

/** True if the request is of a kind that can change a Namespace's labels, or take them away with it; nothing has been decoded yet. */
export function mayChangeNamespace({ ref, verb }: Pick<Request, 'ref' | 'verb'>): boolean {
  return ref.resource === 'namespaces' && (verb === 'delete' || writesObject({ verb }));
}

/**
 * What a request does, or would have done, to its namespace's labels; every write path counts, the `status` and `finalize`
 * subresources too. Of one that is deleted: what it was held to.
 * @returns undefined if the request does not write a Namespace's labels, or its bodies were not recorded
 */
export function namespaceChange(
  request: Request,
  outcome: Outcome,
  known: Known,
): NamespaceChange | undefined {
  if (request.verb === 'delete') return deleted(known);
  const before = labelsBefore(request, known);
  const after = labelsAfter(request, outcome, before);
  if (!after) return undefined;
  const held = (labels: Labels) => withDefault(labels, before, known.enforce);
  const changes = before
    ? labelChanges(held(before), held(after))
    : changesUnseen(request, after, known.enforce);
  const enforceBefore = before ? enforcedLevel(held(before)) : known.enforce;
  const relabelled = relabelledBy(request, before, after);
  return {
    ...(before ? { labels_before: before } : {}),
    labels_after: after,
    // What is created had no level before.
    ...(enforceBefore === undefined || creates(request) ? {} : { enforce_before: enforceBefore }),
    enforce_after: enforcedLevel(held(after)),
    changes,
    ...(relabelled.length > 0 && { relabelled }),
  };
}

/** What goes with a namespace, as far as it was ever seen; it may be made again without it. */
function deleted({ labels, enforce }: Known): NamespaceChange | undefined {
  if (enforce === undefined) return undefined;
  return { ...(labels && { labels_before: labels }), enforce_before: enforce, changes: [] };
}

/** A namespace without a level is held to the cluster's default, where pods of it have shown that to be a stricter one than privileged. */
function withDefault(labels: Labels, before: Labels | undefined, enforce: string | undefined): Labels {
  const isShown = before && !Object.hasOwn(before, ENFORCE) && strictness(enforce) > 0;
  return isShown && !Object.hasOwn(labels, ENFORCE) ? { ...labels, [ENFORCE]: enforce! } : labels;
}

/** Labels told of one write. */
const RELABELLED_MAX = 16;

/** Labels that a write changes and that no engine reads by itself: selectors may. */
function relabelledBy(request: Request, before: Labels | undefined, after: Labels): string[] {
  if (creates(request)) return [];
  const names = before ? [...Object.keys(before), ...Object.keys(after)] : namesEdited(request);
  return [...new Set(names)]
    .filter((name) => !concernsAdmission(name) && name !== NAME_LABEL && before?.[name] !== after[name])
    .slice(0, RELABELLED_MAX)
    .sort();
}

/** Without the former labels: those that a patch names, if it changed anything. */
function namesEdited({ verb, requestObject, responseObject, receivedSeconds }: Request): string[] {
  if (verb !== 'patch' || (responseObject && !changedSince(responseObject, receivedSeconds))) return [];
  return [...labelEdit(requestObject, undefined).set.keys()];
}

function labelsBefore(request: Request, known: Known): Labels | undefined {
  if (creates(request)) return {};
  if (request.source === 'review') return labelsOf(request.oldObject);
  return known.labels;
}

/** The labels that the write leaves, or tried to. */
function labelsAfter(request: Request, outcome: Outcome, before: Labels | undefined): Labels | undefined {
  const answered = outcome === 'admitted' || outcome === 'dry-run';
  const stored = answered ? answeredMetadata(request.responseObject) : undefined;
  if (stored) return labelsOf(stored);
  const { requestObject, verb } = request;
  if (requestObject === undefined || requestObject === null) return undefined;
  if (verb !== 'patch') return labelsOf(requestObject);
  return applyEdit(labelEdit(requestObject, before), before ?? {});
}

/** What can be said of a change whose former labels were never seen: only what the write itself names. */
function changesUnseen(request: Request, after: Labels, enforce: string | undefined): LabelChange[] {
  if (enforce === undefined) return changesNamed(request, after);
  // The level in force is known from a pod's admission, though not the labels.
  const changes = labelChanges({ [ENFORCE]: enforce }, after).filter((change) =>
    change.startsWith('enforce-'),
  );
  return [...changes, ...changesNamed(request, after).filter((change) => !change.startsWith('enforce-'))];
}

function changesNamed(request: Request, after: Labels): LabelChange[] {
  const { requestObject, responseObject, verb, receivedSeconds } = request;
  // A removal leaves no trace in managedFields; a patch that names a label to remove is taken at its word.
  if (verb === 'patch' && after[ENFORCE] === undefined && removes(request)) return ['enforce-removed'];
  if (responseObject && !changedSince(responseObject, receivedSeconds)) return [];
  const edit = verb === 'patch' ? labelEdit(requestObject, undefined).set : undefined;
  const names = (label: string): boolean =>
    edit ? edit.has(label) : ownedSince(responseObject, label, receivedSeconds);
  const changes: LabelChange[] = [];
  if (after[ENFORCE] === 'privileged' && names(ENFORCE)) changes.push('enforce-lowered');
  if (exemptingLabels(after).some(names)) changes.push('exemption-added');
  return changes;
}

function removes(request: Request): boolean {
  const edit = labelEdit(request.requestObject, undefined);
  return edit.replacesAll || edit.set.get(ENFORCE) === null;
}
