import type { Alert } from '../../record/alert.ts';

/** By whom alerts are brought together. */
export interface IncidentActor {
  readonly cluster: string;
  readonly name: string;
  /** Only of callers who gave no name: the name that all of them share says nothing. */
  readonly address?: string;
}

/** Those who act for others: only who is behind them is an actor. */
const MACHINERY: ReadonlySet<string> = new Set(['controller', 'node', 'control-plane']);

const ANONYMOUS = 'system:anonymous';
const UNAUTHENTICATED = 'system:unauthenticated';

/** Who an alert is about; undefined if it joins no incident, because nobody has to look at it or nobody can be named. */
export function incidentActor({ user, source, orchestrator, gatewatch }: Alert): IncidentActor | undefined {
  const { status, exception, level, actor } = gatewatch;
  if (status === 'withdrawn' || exception || level === 'informational') return undefined;
  const name = actor?.author ?? user?.name;
  if (!name) return undefined;
  if (actor && MACHINERY.has(actor.kind) && (!actor.author || actor.author === user?.name)) return undefined;
  const cluster = orchestrator.cluster.name;
  const isUnnamed =
    name === ANONYMOUS || (name === user?.name && user.roles?.includes(UNAUTHENTICATED) === true);
  return isUnnamed && source ? { cluster, name, address: source.ip } : { cluster, name };
}
