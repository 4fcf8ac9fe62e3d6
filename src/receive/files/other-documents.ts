import type { JsonMembers } from '../members.ts';

const KUBERNETES_EVENTS = /^(?:v1|events\.k8s\.io\/v1(?:beta1)?)$/;

/** Whether a list is one of the Kubernetes API that may hold Events, as kubectl prints it or the API answers: not one of audit events. */
export function isKubernetesList(members: JsonMembers): boolean {
  const kind = members.text('kind');
  if (kind !== 'List' && kind !== 'EventList') return false;
  return KUBERNETES_EVENTS.test(members.text('apiVersion') ?? '');
}

/** What Gatekeeper's export writes around the violations of each audit run. */
const EXPORT_MARK = /^audit is (?:started|completed)$/;

/**
 * Whether a document is a line of a program's own log, in the layouts of the policy engines: with a level and what it says, a line of
 * Kyverno's with no more than who says it.
 */
export function isLogLine(members: JsonMembers): boolean {
  const message = members.text('message') ?? '';
  if (!members.has('level')) return EXPORT_MARK.test(message);
  if (members.has('msg') || (members.has('fields') && members.has('target'))) return true;
  // A collector that adds a level may have put an event into the message.
  const isSaid = members.has('logger') || (members.has('message') && !message.startsWith('{'));
  return members.has('time') && isSaid;
}
