import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recordOf } from '../unit/detect/support.ts';
import { CHANGES, CREATIONS, type Disguise, eventsOf, HARMS, type Harm, undisguised } from './attacks.ts';
import { NESTINGS } from './nestings.ts';
import { RUNS } from './runs.ts';
import { detectionsOf, newDetector } from './shipped.ts';

const disguises: fc.Arbitrary<Disguise> = fc.constantFrom(...NESTINGS).chain((nesting) =>
  fc.record({
    nesting: fc.constant(nesting),
    // What a pod runs is fixed once it is there.
    way: fc.constantFrom(...CREATIONS, ...(nesting.kind === 'Pod' ? [] : CHANGES)),
    isFormerVersion: nesting.former ? fc.boolean() : fc.constant(false),
    list: fc.constantFrom('containers', 'initContainers'),
    before: fc.constantFrom(0, 1, 70),
    behind: fc.constantFrom(0, 1),
    isContainerNew: fc.boolean(),
    answer: fc.constantFrom('whole', 'code', 'denied'),
    isKnown: fc.boolean(),
    isStaged: fc.boolean(),
    user: fc.constantFrom('alice', 'bob@example.com', 'system:serviceaccount:dev:ci'),
    namespace: fc.constantFrom('dev', 'shop'),
    name: fc.constantFrom('x', 'web-1'),
    labels: fc.constantFrom(0, 1, 70),
    words: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(150, 1500)),
  }),
);

function detected(disguise: Disguise, harms: readonly Harm[]): ReadonlySet<string> {
  const detector = newDetector();
  const { before, attack } = eventsOf(disguise, harms);
  for (const event of before) detector.detect(recordOf(event));
  const signals = attack.flatMap((event) => detector.detect(recordOf(event)).signals);
  return detectionsOf({ signals });
}

/** What only a creation is: of a Deployment, of a DaemonSet, one that was refused. */
const OF_CREATIONS: ReadonlySet<string> = new Set(['ch05', 'pw21', 'pb04']);

/** Whether a detection is not to be expected, for a reason that is no disguise. */
function isOther(id: string, { way, answer, isKnown, isContainerNew }: Disguise): boolean {
  // That a refused apply would have been a creation nobody can tell.
  if (OF_CREATIONS.has(id)) return way !== 'create' && (way !== CREATIONS[1] || answer === 'denied');
  // A patch of a container that is already there does not name its image, and nothing else does.
  const isPatch = way.includes('patch');
  if (id === 'pw16') return isPatch && !isContainerNew && answer !== 'whole' && !isKnown;
  // Who is not on a list of users that are expected; alice may be and others not.
  return id === 'id34';
}

test('no disguise of a harmful workload hides what is detected of it', () => {
  const harms = fc.uniqueArray(fc.constantFrom(...HARMS), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(harms, disguises, (some, disguise) => {
      const found = detected(disguise, some);
      const missing = [...detected(undisguised(disguise), some)].filter((id) => !found.has(id));
      assert.deepEqual(
        missing.filter((id) => !isOther(id, disguise)),
        [],
      );
    }),
    { numRuns: RUNS },
  );
});

test('each harm is detected', () => {
  const nesting = NESTINGS.find(({ kind }) => kind === 'Deployment')!;
  const plain = undisguised({ nesting, answer: 'whole' } as Disguise);
  const harmless = detected(plain, [{ container: { name: 'other' } }]);
  for (const harm of HARMS)
    assert.ok(detected(plain, [harm]).difference(harmless).size > 0, JSON.stringify(harm));
});
