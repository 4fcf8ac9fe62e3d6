import type { Alert } from '../record/alert.ts';

/** Text of one alert that can be found; the document itself is kept whole. */
const INDEXED_CHARS_MAX = 16_384;

/** The full text of one alert: its sentence, and every name that an analyst might remember. */
export function searchable(alert: Alert): { message: string; names: string } {
  const { rule, user, orchestrator, gatewatch } = alert;
  const names = [
    rule.name,
    gatewatch.detection_id,
    user?.name,
    gatewatch.actor?.author,
    orchestrator.cluster.name,
    orchestrator.namespace,
    orchestrator.resource?.type,
    orchestrator.resource?.name,
    ...(gatewatch.admission?.denied_by ?? []).flatMap((denial) => [
      denial.engine,
      denial.policy,
      denial.binding,
      denial.webhook,
    ]),
  ];
  return {
    message: alert.message.slice(0, INDEXED_CHARS_MAX),
    names: names
      .filter((name) => name !== undefined)
      .join(' ')
      .slice(0, INDEXED_CHARS_MAX),
  };
}
