import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseDocument } from '../../../src/receive/files/parse.ts';
import type { Outcome } from '../../../src/record/signal.ts';
import { newDetector, RECEIVE_LIMITS, RECEIVED_MS, SHARED, shippedRules } from './recordings.ts';

/** Reviews that webhooks of a real kube-apiserver were sent: one `{path, request, response}` a line. */
const FIXTURE = join(import.meta.dirname, '../../fixtures/admission-reviews.ndjson');
const ALL = join(SHARED, 'raw/admissionreviews.ndjson.gz');

const ENFORCE = 'pod-security.kubernetes.io/enforce';
const IGNORE = 'admission.gatekeeper.sh/ignore';
const RANKS: readonly (string | undefined)[] = ['privileged', 'baseline', 'restricted'];

interface Subject {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
}

interface Review {
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly resource: { readonly resource: string };
    readonly userInfo: { readonly username: string };
    readonly object: Subject | null;
    readonly oldObject: Subject | null;
    readonly dryRun?: boolean;
  };
}

interface Match {
  readonly rule: string;
  readonly outcome: Outcome;
}

function reviewsIn(text: string): Review[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).request);
}

function matchesOf(review: Review): Match[] {
  const bytes = Buffer.from(JSON.stringify(review));
  const origin = { cluster: 'c', receivedMs: RECEIVED_MS };
  const { records, rejected } = parseDocument(bytes, origin, RECEIVE_LIMITS, 'review');
  assert.deepEqual(rejected, []);
  assert.equal(records.length, 1);
  const names = new Map(shippedRules.set.rules.map(({ id, name }) => [id, name ?? '']));
  const { signals } = newDetector().detect(records[0]!);
  return signals.map(({ rule, admission }) => ({ rule: names.get(rule)!, outcome: admission.outcome }));
}

/** What a review is, worked out without the detectors. */
function expectedRule({ request }: Review): string | undefined {
  const { object, oldObject, operation, resource, userInfo, dryRun } = request;
  if (dryRun) return undefined;
  if (resource.resource === 'namespaces')
    return weakens(object, oldObject) ? 'namespace_weakening_reviewed' : undefined;
  const byController = /^system:serviceaccount:kube-system:.*-controller$/.test(userInfo.username);
  const privileged = JSON.stringify(object).includes('"privileged":true');
  return operation === 'CREATE' && privileged && !byController ? 'privileged_reviewed' : undefined;
}

function weakens(object: Subject | null, oldObject: Subject | null): boolean {
  const [before, after] = [oldObject?.metadata?.labels ?? {}, object?.metadata?.labels ?? {}];
  if (after[IGNORE] !== undefined && before[IGNORE] === undefined) return true;
  if (!oldObject) return false;
  if (rank(after[ENFORCE]) < rank(before[ENFORCE])) return true;
  if (after[ENFORCE] === 'privileged' && before[ENFORCE] === undefined) return true;
  return rank(after[ENFORCE]) > 0 && pinned(after) && !pinned(before) && before[ENFORCE] !== undefined;
}

function rank(level: string | undefined): number {
  return Math.max(0, RANKS.indexOf(level));
}

function pinned(labels: Readonly<Record<string, string>>): boolean {
  return (labels[`${ENFORCE}-version`] ?? 'latest') !== 'latest';
}

function check(reviews: readonly Review[]): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  for (const review of reviews) {
    const matches = matchesOf(review);
    assert.ok(
      matches.every(({ outcome }) => outcome === 'pending' || review.request.dryRun),
      review.request.uid,
    );
    const underReview = matches.map(({ rule }) => rule).filter((rule) => rule.endsWith('_reviewed'));
    const expected = expectedRule(review);
    assert.deepEqual(underReview, expected === undefined ? [] : [expected], review.request.uid);
    if (expected) seen.set(expected, (seen.get(expected) ?? 0) + 1);
  }
  return seen;
}

test('reviews of privileged pods and of weakened namespaces match, pending, and no others', () => {
  const seen = check(reviewsIn(readFileSync(FIXTURE, 'utf8')));
  assert.deepEqual([...seen].sort(), [
    ['namespace_weakening_reviewed', 7],
    ['privileged_reviewed', 2],
  ]);
});

test('a dry run that is reviewed gives no match', () => {
  const [review] = reviewsIn(readFileSync(FIXTURE, 'utf8')).filter(({ request }) => request.dryRun);
  assert.deepEqual(
    matchesOf(review!).filter(({ outcome }) => outcome !== 'dry-run'),
    [],
  );
});

test('all recorded reviews', {
  skip: existsSync(ALL) ? false : 'only the fixtures are on this machine',
}, () => {
  const reviews = reviewsIn(gunzipSync(readFileSync(ALL)).toString());
  assert.equal(reviews.length, 920);
  const seen = check(reviews);
  assert.ok(seen.get('namespace_weakening_reviewed')! >= 20);
  assert.ok(seen.get('privileged_reviewed')! >= 40);
});
