import { patternCovers } from '../../../record/pattern.ts';
import { listOf, member, stringsOf } from '../../decode/json.ts';
import { POD_CARRIERS } from '../../podsecurity/pod-template.ts';

const WRITES = ['CREATE', 'UPDATE', '*'];

/** Whether rules of the API server (`RuleWithOperations`) match a write of any pod or workload. What they do not say they leave open. */
export function rulesJudgeWorkloads(rules: unknown): boolean {
  const list = listOf(rules);
  return list.length === 0 || list.some(ruleJudgesWorkloads);
}

function ruleJudgesWorkloads(rule: unknown): boolean {
  const said = (key: string) => stringsOf(member(rule, key));
  const [operations, groups, resources] = [said('operations'), said('apiGroups'), said('resources')];
  return (
    (operations.length === 0 || operations.some((operation) => WRITES.includes(operation))) &&
    POD_CARRIERS.some(
      (carrier) =>
        (groups.length === 0 || groups.some((group) => group === '*' || carrier.groups.includes(group))) &&
        (resources.length === 0 || resources.some((one) => means(one, carrier.resource))),
    )
  );
}

/** `pods`, `pods/*`, `*`, and `pods/ephemeralcontainers`, by which a pod gets another container. */
function means(text: string, resource: string): boolean {
  const [base, subresource = '*'] = text.split('/', 2);
  return (base === '*' || base === resource) && ['*', 'ephemeralcontainers'].includes(subresource);
}

/** Whether a kind, named with wildcards, may be one of a pod or workload. */
export function kindsJudgeWorkloads(kinds: readonly string[]): boolean {
  return (
    kinds.length === 0 ||
    kinds.some((pattern) => POD_CARRIERS.some(({ kind }) => patternCovers(pattern, kind)))
  );
}
