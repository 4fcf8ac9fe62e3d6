import { isObject } from '../../decode/json.ts';
import { fields, harmless, unjudged } from '../fields.ts';
import { type Compare, changed } from '../finding.ts';
import { elementsExtent, exemption } from '../reach.ts';

const replicas: Compare = (before, after, place) => {
  const [was, is] = [before, after].map((value) => (typeof value === 'number' ? value : 1));
  const reason = changed(place, 'replicas', `${was}`, `${is}`);
  if (is === 0) return [{ effect: 'weakened', change: 'scaled-to-zero', reason }];
  return was === 0
    ? [{ effect: 'strengthened', change: 'scaled-up', reason }]
    : [{ effect: 'neutral', change: 'scaled', reason }];
};

/** ConfigMap that says whose signature a policy must have. */
const verification: Compare = (before, after, place) =>
  after === undefined || after === ''
    ? [
        {
          effect: 'weakened',
          change: 'verification-removed',
          reason: `${place.subject}verificationConfig was removed`,
        },
      ]
    : unjudged('verificationConfig')(before, after, place);

function keys(value: unknown): unknown {
  return isObject(value) ? Object.keys(value) : value;
}

/** PolicyServer of policies.kubewarden.io: the program that evaluates policies. */
export const kubewardenServer = fields({
  spec: fields({
    replicas,
    image: unjudged('image'),
    verificationConfig: verification,
    insecureSources: exemption('insecureSources', elementsExtent),
    sourceAuthorities: exemption('sourceAuthorities', (before, after) =>
      elementsExtent(keys(before), keys(after)),
    ),
    annotations: harmless,
    // Its values may be secrets.
    env: (_, __, { subject }) => [
      { effect: 'unclear', change: 'env-changed', reason: `${subject}env was changed` },
    ],
    affinity: harmless,
    limits: harmless,
    requests: harmless,
    minAvailable: harmless,
    maxUnavailable: harmless,
    tolerations: harmless,
    priorityClassName: harmless,
  }),
});
