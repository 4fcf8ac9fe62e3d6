import { patternCovers } from '../../../record/pattern.ts';
import { listOf, member, stringOf, stringsOf } from '../../decode/json.ts';
import { conditionsChange } from '../conditions.ts';
import { type Extent, unionExtent } from '../extent.ts';
import { fields, harmless } from '../fields.ts';
import { exemption } from '../reach.ts';
import { conditionsExtent } from './kyverno-conditions.ts';
import { matchExtent } from './kyverno-match.ts';

/** Rules of policies that an exception lifts. */
function liftedBy(exceptions: unknown): string[] {
  return listOf(exceptions).flatMap((one) => {
    const policy = stringOf(member(one, 'policyName')) ?? '';
    return stringsOf(member(one, 'ruleNames')).map((rule) => `${policy}/${rule}`);
  });
}

/** `exceptions` of kyverno.io; names may hold wildcards. */
function liftedExtent(before: unknown, after: unknown): Extent {
  return unionExtent(liftedBy(before), liftedBy(after), patternCovers);
}

function namedBy(references: unknown): string[] {
  return listOf(references).map(
    (one) => `${stringOf(member(one, 'kind')) ?? ''}/${stringOf(member(one, 'name')) ?? ''}`,
  );
}

/** `policyRefs` of policies.kyverno.io. */
function referencesExtent(before: unknown, after: unknown): Extent {
  return unionExtent(namedBy(before), namedBy(after), patternCovers);
}

/** PolicyException of kyverno.io and of policies.kyverno.io: what it names is not held to the policies that it lists. */
export const kyvernoException = fields({
  spec: fields({
    exceptions: exemption('exceptions', liftedExtent, (list) => liftedBy(list).join(', ') || 'none'),
    policyRefs: exemption('policyRefs', referencesExtent, (list) => namedBy(list).join(', ') || 'none'),
    match: exemption('match', matchExtent),
    conditions: exemption('conditions', conditionsExtent),
    matchConditions: exemption(
      'matchConditions',
      (before, after) => conditionsChange(before, after, true).extent,
    ),
    background: harmless,
    reportResult: harmless,
  }),
});
