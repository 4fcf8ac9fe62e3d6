import { join } from 'node:path';
import { loadConfig } from '../../../src/config/load.ts';
import { Correlator } from '../../../src/correlate/correlator.ts';
import { readFile } from '../../../src/receive/files/read.ts';
import type { Alert } from '../../../src/record/alert.ts';
import {
  alertOf,
  DENIED_RELABELLED_ADMITTED,
  HOSTILE,
  NAMESPACE_LOWERED,
  PRIVILEGED_POD_DENIED,
} from '../../contract/alert-store-fixtures.ts';
import {
  FIXTURES,
  newDetector,
  RECEIVED_MS,
  recordingName,
  recordingsIn,
  SHARED,
  shippedRules,
} from '../rules/recordings.ts';

const DEMO = join(import.meta.dirname, '../../../src/cli/demo/recording.ndjson.gz');

const config = loadConfig({ env: {} });

/** Alerts of all recordings, each in a cluster of its name, and some by hand: with every status, and about what was not recorded. */
export async function someAlerts(): Promise<Alert[]> {
  const shared = await recordingsIn(SHARED);
  const recordings = shared.length > 0 ? shared : [...(await recordingsIn(FIXTURES)), DEMO];
  const alerts: Alert[] = [...BY_HAND];
  for (const path of recordings) alerts.push(...(await alertsOf(path)));
  return alerts;
}

/** What the stages make of a recording, without a log or a store. */
async function alertsOf(path: string): Promise<Alert[]> {
  const detector = newDetector();
  const limits = { ...config.correlate, lateness_seconds: Number.MAX_SAFE_INTEGER };
  const behaviours = shippedRules.behaviours(config.correlate.suppress_seconds);
  const correlator = new Correlator(behaviours, limits, () => {});
  const origin = { cluster: recordingName(path), receivedMs: RECEIVED_MS };
  let offset = 0;
  for await (const { records } of readFile(path, origin, config.receive)) {
    for (const record of records) {
      for (const signal of detector.detect(record).signals) correlator.add(signal, offset++);
    }
  }
  return correlator.take().map(({ alert }) => alert);
}

/** An alert that must show up nowhere: it has every field that panels ask for. */
const WITHDRAWN: Alert = {
  ...DENIED_RELABELLED_ADMITTED,
  event: { ...DENIED_RELABELLED_ADMITTED.event, id: 'e00d1e5c0ffee042' },
  orchestrator: { ...DENIED_RELABELLED_ADMITTED.orchestrator, cluster: { name: 'withdrawn' } },
  gatewatch: {
    ...DENIED_RELABELLED_ADMITTED.gatewatch,
    status: 'withdrawn',
    admission: {
      ...PRIVILEGED_POD_DENIED.gatewatch.admission,
      outcome: 'admitted',
      failed_open: ['withdrawn.example.com'],
      mutated_by: ['withdrawn.example.com'],
    },
  },
};

const BY_HAND: readonly Alert[] = [
  PRIVILEGED_POD_DENIED,
  NAMESPACE_LOWERED,
  DENIED_RELABELLED_ADMITTED,
  HOSTILE,
  WITHDRAWN,
  alertOf({ id: 'acknowledged', severity: 'low', gatewatch: { status: 'acknowledged' } }),
  alertOf({ id: 'closed', severity: 'informational', gatewatch: { status: 'closed', outcome: 'failed' } }),
  // In another month, and so in another index.
  alertOf({ id: 'earlier', time: '2026-10-31T23:59:59.999999Z', namespace: 'payments', user: 'bob' }),
  // Refused by two policies at once.
  alertOf({
    id: 'refused-twice',
    namespace: 'shop',
    user: 'carol',
    gatewatch: {
      admission: {
        outcome: 'denied',
        denied_by: [
          { engine: 'gatekeeper', policy: 'repo', webhook: 'validation.gatekeeper.sh', message: 'no' },
          { engine: 'kyverno', policy: 'host', webhook: 'validate.kyverno.svc-fail', message: 'no' },
          { engine: 'validating-admission-policy', policy: 'p', binding: 'b', message: 'no' },
        ],
      },
    },
  }),
];
