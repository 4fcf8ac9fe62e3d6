import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import {
  alertsOf,
  expectedTable,
  FIXTURES,
  type Row,
  recordingName,
  recordingsIn,
  SHARED,
} from './recordings.ts';

const UPDATE = 'If the change is meant: node test/unit/rules/recordings.update.ts';

const table = expectedTable();
const results = new Map<string, Promise<Row[]>>();

for (const path of await recordingsIn(FIXTURES)) checkRecording('fixture', path);

test('all recordings', {
  skip: existsSync(SHARED) ? false : 'only the fixtures are on this machine',
}, async (t) => {
  for (const path of await recordingsIn(SHARED)) {
    await t.test(recordingName(path), async () => compareWithTable(path));
  }
});

function checkRecording(kind: string, path: string): void {
  test(`${kind} ${recordingName(path)}`, () => compareWithTable(path));
}

async function compareWithTable(path: string): Promise<void> {
  const alerts = await alertsFor(path);
  assert.deepEqual(alerts, table[recordingName(path)], UPDATE);
  if (recordingName(path).startsWith('benign')) assert.deepEqual(grave(alerts), []);
}

function alertsFor(path: string): Promise<Row[]> {
  const known = results.get(path) ?? alertsOf(path);
  results.set(path, known);
  return known;
}

function grave(alerts: readonly Row[]): Row[] {
  return alerts.filter(({ level }) => level === 'high' || level === 'critical');
}

/** What the recordings were made to show, whatever else the table says: a table that was updated by mistake still has to hold these. */
const STORIES: Readonly<Record<string, readonly Partial<Row>[]>> = {
  '01-r00t': [
    {
      detection_id: 'PW01',
      level: 'critical',
      outcome: 'admitted',
      user: 'alice',
      namespace: 'priv-ns',
      name: 'r00t',
    },
    { detection_id: 'PW01', level: 'critical', outcome: 'admitted', user: 'alice', namespace: 'dev' },
    { detection_id: 'PW01', level: 'critical', outcome: 'admitted', user: 'alice', namespace: 'team-warn' },
    {
      detection_id: 'PW01',
      level: 'critical',
      outcome: 'admitted',
      user: 'kubernetes-admin',
      namespace: 'default',
    },
    { detection_id: 'PW01', level: 'high', outcome: 'denied', user: 'alice', namespace: 'team-base' },
    { detection_id: 'PW01', level: 'high', outcome: 'denied', user: 'alice', namespace: 'team-restricted' },
  ],
  ...Object.fromEntries(
    ['02a-relabel-kubectl-label', '02b-relabel-merge-patch', '02c-relabel-strategic-patch'].map(relabelStory),
  ),
  ...Object.fromEntries(
    ['02d-relabel-json-patch', '02e-relabel-update-replace', '02f-relabel-ssa', '02g-label-removal'].map(
      relabelStory,
    ),
  ),
  '02h-denied-relabel-succeed-revert': [
    {
      detection_id: 'AC01',
      level: 'critical',
      outcome: 'admitted',
      user: 'bob',
      namespace: 'psa-10',
      name: 'got-in',
    },
    { detection_id: 'AC08', level: 'critical', user: 'bob', namespace: 'psa-10' },
  ],
  '03-gatekeeper-ignore': [
    { detection_id: 'AC01', level: 'critical', namespace: 'gk-team' },
    { rule: 'Namespace exempted from a policy engine', user: 'bob', namespace: 'gk-team' },
    { rule: 'Attempt to exempt a namespace from a policy engine was refused', namespace: 'gk-strict' },
  ],
  '05a-webhook-outcomes': [
    { detection_id: 'AC02', outcome: 'admitted', namespace: 'down-ns' },
    // The sidecar that a webhook injected stands in no request.
    { rule: 'Privileged pod admitted', user: 'alice', namespace: 'mut-team', name: 'm1' },
  ],
  '06-denied-burst': [
    { detection_id: 'AC13', level: 'high', outcome: 'denied', user: 'mallory' },
    { detection_id: 'AC13', level: 'high', outcome: 'denied', user: 'alice' },
  ],
  '13-allstages': [
    { detection_id: 'PW01', level: 'critical', namespace: 'priv-ns', name: 'r00t', count: 1 },
    { detection_id: 'AC08', level: 'critical', namespace: 'psa-1', count: 1 },
  ],
};

function relabelStory(recording: string): [string, Partial<Row>[]] {
  return [
    recording,
    [
      { rule: "Namespace's Pod Security level lowered", level: 'high', user: 'bob' },
      { detection_id: 'AC08', level: 'critical', outcome: 'admitted', user: 'bob' },
    ],
  ];
}

for (const path of await recordingsIn(FIXTURES)) {
  const story = STORIES[recordingName(path)];
  if (!story) continue;
  test(`${recordingName(path)} shows what it was made to show`, async () => {
    const alerts = await alertsFor(path);
    for (const wanted of story) {
      assert.ok(
        alerts.some((alert) =>
          Object.entries(wanted).every(([key, value]) => alert[key as keyof Row] === value),
        ),
        `no alert ${JSON.stringify(wanted)}`,
      );
    }
  });
}

test('every recording with a story is among the fixtures', async () => {
  const names = (await recordingsIn(FIXTURES)).map(recordingName);
  assert.deepEqual(
    Object.keys(STORIES).filter((name) => !names.includes(name)),
    [],
  );
});
