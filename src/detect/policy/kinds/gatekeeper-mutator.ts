import { ACTION_WORDS } from '../common-fields.ts';
import { fields, ordered, unjudged } from '../fields.ts';
import { mutating } from '../finding.ts';
import { elementsExtent, matching } from '../reach.ts';
import { match } from './gatekeeper-constraint.ts';

const applyTo = matching('applyTo', elementsExtent);

/** Assign, AssignMetadata, AssignImage and ModifySet of mutations.gatekeeper.sh. */
export const gatekeeperMutator = mutating(
  fields({
    spec: fields({
      applyTo,
      match,
      location: unjudged('location', 'mutation-changed'),
      parameters: unjudged('parameters', 'mutation-changed'),
    }),
  }),
);

/** ExpansionTemplate of expansion.gatekeeper.sh: by which a Deployment is held to what its pods would be. Its action, where it has one, takes the place of the constraints'. */
export const gatekeeperExpansion = fields({
  spec: fields({
    applyTo,
    templateSource: unjudged('templateSource'),
    generatedGVK: unjudged('generatedGVK'),
    enforcementAction: ordered('enforcementAction', ['dryrun', 'warn', 'deny'], 'deny', ACTION_WORDS),
  }),
});
