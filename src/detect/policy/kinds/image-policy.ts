import { at, listOf, stringOf } from '../../decode/json.ts';
import { canonical, listed, without } from '../canonical.ts';
import { ACTION_WORDS } from '../common-fields.ts';
import { unionExtent } from '../extent.ts';
import { fields, ordered, unjudged } from '../fields.ts';
import type { Compare, Finding } from '../finding.ts';
import { matching } from '../reach.ts';

/** Within a glob `*` ends at a slash, `**` does not: of globs with different texts only `**` is known to match what another does. */
const images = matching('images', (before, after) => {
  const globs = (list: unknown) => listOf(list).map((one) => stringOf(at(one, 'glob')) ?? canonical(one));
  return unionExtent(globs(before), globs(after), (whole, part) => whole === part || whole === '**');
});

/** Kinds of objects whose images are looked at: all of those known unless some are named. */
const match = matching('match', (before, after) => {
  const open = (list: unknown) => (listOf(list).length > 0 ? elements(list) : [EVERYTHING]);
  return unionExtent(open(before), open(after), (whole, part) => whole === part || whole === EVERYTHING);
});

const EVERYTHING = 'all';

function elements(list: unknown): string[] {
  return listOf(list).map((element) => canonical(element));
}

/** Whose signature an image needs: one of them is enough. */
const authorities: Compare = (before, after, { subject }) => {
  const [gone, come] = [without(listOf(before), listOf(after)), without(listOf(after), listOf(before))];
  const told = (list: readonly unknown[]) => listed(list.map((one) => stringOf(at(one, 'name')) ?? '#'));
  const finding = (effect: Finding['effect'], change: string, reason: string): Finding[] => [
    { effect, change, reason: `${subject}${reason}` },
  ];
  if (come.some((one) => at(one, 'static', 'action') === 'pass'))
    return finding('weakened', 'verification-optional', 'an authority lets every image pass');
  if (gone.length === 0) return finding('weakened', 'authority-added', `authority ${told(come)} was added`);
  if (come.length === 0)
    return finding('strengthened', 'authority-removed', `authority ${told(gone)} was removed`);
  return finding('unclear', 'authorities-changed', `authority ${told(come)} was changed`);
};

/** What is demanded of an attestation besides its signature. */
const policy: Compare = (before, after, place) =>
  after === undefined
    ? [
        {
          effect: 'weakened',
          change: 'validations-removed',
          reason: `${place.subject}policy was removed`,
        },
      ]
    : unjudged('policy', 'code-changed')(before, after, place);

/** ClusterImagePolicy of policy.sigstore.dev. */
export const sigstoreImagePolicy = fields({
  spec: fields({
    mode: ordered('mode', ['warn', 'enforce'], 'enforce', ACTION_WORDS),
    images,
    match,
    authorities,
    policy,
  }),
});

/** TrustRoot of policy.sigstore.dev: whose certificates are believed. */
export const sigstoreTrustRoot = fields({ spec: unjudged('spec', 'trust-changed') });

/** Policies, verifiers, stores and keys of config.ratify.deislabs.io: settings of plugins, whose meaning only these know. */
export const ratifySetting = fields({ spec: unjudged('spec', 'verification-changed') });
