import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
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
  if (recordingName(path).startsWith('benign')) assert.deepEqual(loud(alerts), []);
}

function alertsFor(path: string): Promise<Row[]> {
  const known = results.get(path) ?? alertsOf(path);
  results.set(path, known);
  return known;
}

/** What is above low: of quiet traffic nothing is, not even the privileged DaemonSets, which an administrator finds there already. */
function loud(alerts: readonly Row[]): Row[] {
  return alerts.filter(({ level }) => level !== 'low' && level !== 'informational');
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
    // Refused in team-base and team-restricted, then admitted in team-warn.
    { detection_id: 'AC04', level: 'high', outcome: 'admitted', user: 'alice' },
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
    {
      detection_id: 'AC08',
      level: 'critical',
      user: 'bob',
      namespace: 'psa-10',
      let_through: ['psa-10/pods/got-in'],
    },
    { detection_id: 'AC03', level: 'high', user: 'bob', namespace: 'psa-10', count: 1 },
  ],
  '03-gatekeeper-ignore': [
    { detection_id: 'AC01', level: 'critical', namespace: 'gk-team' },
    {
      detection_id: 'AC03',
      level: 'high',
      user: 'bob',
      namespace: 'gk-team',
      count: 1,
      let_through: ['gk-team/pods/priv'],
    },
    { rule: 'Namespace exempted from a policy engine', user: 'bob', namespace: 'gk-team' },
    { rule: 'Attempt to exempt a namespace from a policy engine was refused', namespace: 'gk-strict' },
  ],
  '04-vap': [
    { detection_id: 'AC06', level: 'high', outcome: 'admitted', name: 'no-privileged-deny', count: 2 },
    {
      detection_id: 'AC06',
      level: 'high',
      outcome: 'admitted',
      name: 'no-privileged.lab.example.com',
      count: 2,
    },
    { rule: 'Admission policy deleted', level: 'high', name: 'no-privileged-deny' },
    { rule: 'Admission control weakened, then a violating workload admitted', level: 'high', user: 'alice' },
    {
      rule: 'Admission control weakened, a violating workload admitted, then as before',
      detection_id: 'AC05',
      level: 'critical',
      user: 'kubernetes-admin',
      let_through: ['vap-deny/pods/p2', 'vap-deny/pods/p3'],
      // These events show neither the labels of its namespace nor that the policy ever judged anything there.
      perhaps_let_through: ['mut-team/pods/mapped'],
    },
    // Refused where the binding denies, admitted where it only audits.
    { detection_id: 'AC04', level: 'high', outcome: 'admitted', user: 'alice' },
    { rule: 'Attempt to change or delete admission control was refused', outcome: 'denied', user: 'bob' },
  ],
  '05a-webhook-outcomes': [
    {
      detection_id: 'AC02',
      outcome: 'admitted',
      namespace: 'down-ns',
      let_through: ['down-ns/pods/ok1', 'down-ns/pods/priv1'],
    },
    // The sidecar that a webhook injected stands in no request.
    { rule: 'Privileged pod admitted', user: 'alice', namespace: 'mut-team', name: 'm1' },
  ],
  '05b-webhookcfg-tamper': [
    {
      detection_id: 'AC06',
      level: 'high',
      outcome: 'admitted',
      name: 'gatekeeper-validating-webhook-configuration',
      count: 7,
    },
    { detection_id: 'AC06', level: 'high', name: 'kyverno-resource-validating-webhook-cfg', count: 1 },
    { detection_id: 'PB02', level: 'high', name: 'gatekeeper-validating-webhook-configuration' },
    { rule: 'Admission control weakened, then a violating workload admitted', level: 'high' },
    {
      detection_id: 'AC05',
      level: 'critical',
      outcome: 'admitted',
      user: 'kubernetes-admin',
      let_through: ['gk-team/pods/after-delete'],
    },
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
    holds(story, await alertsFor(path));
  });
}

function holds(story: readonly Partial<Row>[], alerts: readonly Row[]): void {
  for (const wanted of story) {
    const found = alerts.some((alert) =>
      Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(alert[key as keyof Row], value)),
    );
    assert.ok(found, `no alert ${JSON.stringify(wanted)}`);
  }
}

/** The same of recordings that are too large to be among the fixtures. */
const FURTHER_STORIES: typeof STORIES = {
  // Refused by the registry's validation, not by admission.
  '01x-allow-privileged-false': [
    {
      detection_id: 'PW01',
      level: 'high',
      outcome: 'denied',
      user: 'alice',
      namespace: 'priv-ns',
      name: 'r00t',
    },
    { detection_id: 'AC13', outcome: 'denied', user: 'alice' },
  ],
  '07-workloads': [
    { detection_id: 'PW01', level: 'critical', outcome: 'admitted', user: 'alice', name: 'cron-priv' },
    { detection_id: 'PW17', level: 'high', outcome: 'admitted', user: 'alice', name: 'untrusted' },
    { detection_id: 'PW04', user: 'alice', namespace: 'dev', name: 'docker-sock' },
    { detection_id: 'PW09', user: 'alice', name: 'sysadmin' },
    { detection_id: 'AC09', user: 'alice', name: 'latest' },
    // Refused in team-base, admitted in dev, each time through controllers.
    { detection_id: 'AC04', level: 'high', outcome: 'admitted' },
    // Retries of controllers, each time under a new name, are one alert for each template.
    { rule: "Controller's pod refused for violating the baseline level", level: 'low', count: 14 },
  ],
  '08-exec': [
    { detection_id: 'ID38', user: 'alice', name: 'victim' },
    { detection_id: 'ID44', level: 'high', outcome: 'admitted', user: 'alice' },
    { detection_id: 'ID46', user: 'alice', name: 'victim' },
    { detection_id: 'ID47', outcome: 'denied', user: 'mallory' },
    { detection_id: 'ID48', user: 'alice' },
    { detection_id: 'PW01', user: 'kubernetes-admin', namespace: 'default' },
  ],
  '09a-rbac': [
    { detection_id: 'ID03', level: 'critical', name: 'anon-admin' },
    { detection_id: 'ID04', level: 'high', name: 'pwn-admin' },
    { detection_id: 'ID05', name: 'pwn-sa' },
    { detection_id: 'ID11', name: 'star' },
    { detection_id: 'ID12', name: 'agg-to-view' },
    { detection_id: 'ID04', level: 'high', name: 'cluster-admin' },
    { rule: 'Attempt to grant more rights than one has was refused', outcome: 'denied', user: 'mallory' },
  ],
  '09c-recon-anonymous': [
    { detection_id: 'RE07', outcome: 'denied' },
    { detection_id: 'RE08', outcome: 'denied', user: 'mallory' },
    { detection_id: 'ID01', outcome: 'denied', user: 'system:anonymous' },
    // Two requests that share an auditID are two: the second is not hidden by the first.
    { detection_id: 'PW01', outcome: 'admitted', name: 'dupe2' },
  ],
  '10-network': [
    { detection_id: 'EX01', outcome: 'admitted', user: 'alice', name: 'np' },
    { rule: 'Service open to the internet', name: 'lb' },
    { rule: 'Service that claims external addresses', name: 'ext' },
    { detection_id: 'PB05', rule: 'NetworkPolicy that allows everything', namespace: 'prod' },
    { detection_id: 'EX05', name: 'ing' },
  ],
  '12-misc': [
    { detection_id: 'PW01', outcome: 'admitted', namespace: 'req-only', name: 'lvl' },
    { detection_id: 'PW01', outcome: 'denied', namespace: 'meta-only', name: 'lvl2' },
    { detection_id: 'AC12', level: 'medium', outcome: 'admitted', user: 'alice' },
    { detection_id: 'PW01', outcome: 'admitted', name: 'big' },
  ],
};

test('all recordings show what they were made to show', {
  skip: existsSync(SHARED) ? false : 'only the fixtures are on this machine',
}, async (t) => {
  for (const path of await recordingsIn(SHARED)) {
    const story = FURTHER_STORIES[recordingName(path)];
    if (story) await t.test(recordingName(path), async () => holds(story, await alertsFor(path)));
  }
});

test('where it was seen how namespaces were set up, nothing is only perhaps let through', {
  skip: existsSync(SHARED) ? false : 'only the fixtures are on this machine',
}, async () => {
  const paths = await recordingsIn(SHARED);
  const named = (name: string) => paths.find((path) => recordingName(path) === name)!;
  for (const [name, letThrough] of [
    ['04-vap', ['vap-deny/pods/p2', 'vap-deny/pods/p3']],
    ['05b-webhookcfg-tamper', ['gk-team/pods/after-delete']],
  ] as const) {
    const alerts = await alertsOf(named('_setup'), named(name));
    holds(
      [
        {
          rule: 'Admission control weakened, a violating workload admitted, then as before',
          let_through: letThrough,
        },
      ],
      alerts,
    );
    assert.deepEqual(
      alerts.filter(({ perhaps_let_through }) => perhaps_let_through),
      [],
    );
  }
});

test('what is admitted once protection is there again was not let through', async () => {
  const path = (await recordingsIn(FIXTURES)).find((one) => recordingName(one) === '05b-webhookcfg-tamper')!;
  const events = gunzipSync(readFileSync(path)).toString().trim().split('\n');
  const letThrough = events.find(
    (line) => line.includes('"name":"after-delete"') && line.includes('"code":201'),
  )!;
  const [seconds] = JSON.parse(events.at(-1)!).stageTimestamp.split('.');
  const later = letThrough
    .replaceAll('after-delete', 'after-all')
    .replace(/"auditID":"[^"]*"/, '"auditID":"later"')
    .replace(/("(?:requestReceived|stage)Timestamp":)"[^"]*"/g, `$1"${seconds}.999999Z"`);
  const folder = mkdtempSync(join(tmpdir(), 'gatewatch-recording-'));
  try {
    const file = join(folder, 'later.ndjson');
    writeFileSync(file, later);
    const alerts = await alertsOf(path, file);
    holds([{ rule: 'Privileged pod admitted', name: 'after-all' }], alerts);
    for (const { rule, let_through } of alerts)
      if (rule.startsWith('Admission control weakened'))
        assert.deepEqual(let_through, ['gk-team/pods/after-delete'], rule);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a dry run is never told as something that was let through', {
  skip: existsSync(SHARED) ? false : 'only the fixtures are on this machine',
}, async () => {
  const [path] = (await recordingsIn(SHARED)).filter((one) => recordingName(one) === '12-misc');
  const dry = (await alertsFor(path!)).filter(({ outcome }) => outcome === 'dry-run');
  assert.deepEqual(loud(dry), []);
});

test('every recording with a story is among the fixtures', async () => {
  const names = (await recordingsIn(FIXTURES)).map(recordingName);
  assert.deepEqual(
    Object.keys(STORIES).filter((name) => !names.includes(name)),
    [],
  );
});
