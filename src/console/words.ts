import type { AlertStatus, Severity } from '../record/alert.ts';
import type { Outcome } from '../record/signal.ts';

/** Most severe first, as people read them. */
export const SEVERITIES = [
  'critical',
  'high',
  'medium',
  'low',
  'informational',
] as const satisfies readonly Severity[];

/** Most worrying first. */
export const OUTCOMES = [
  'admitted',
  'denied',
  'failed',
  'pending',
  'dry-run',
  'other',
] as const satisfies readonly Outcome[];

export const STATUSES = [
  'open',
  'acknowledged',
  'closed',
  'withdrawn',
] as const satisfies readonly AlertStatus[];
