/** What a namespace's labels mean to the engines that read them. */
import { strictness } from '../../record/pod-security-level.ts';
import { CHECKS } from '../podsecurity/registry.ts';

export type Labels = Readonly<Record<string, string>>;

/** k8s.io/pod-security-admission/api: the label of each mode, and of the version it is judged at. */
const PREFIX = 'pod-security.kubernetes.io/';
export const ENFORCE = `${PREFIX}enforce`;
const ENFORCE_VERSION = `${PREFIX}enforce-version`;
const AUDIT = `${PREFIX}audit`;
const WARN = `${PREFIX}warn`;

/** A label by which a namespace is left out of an engine's webhook, in the engine's shipped or documented configuration. */
interface Exemption {
  readonly engine: string;
  readonly label: string;
  /** Absent: any value exempts. */
  readonly value?: string;
  /** True if only namespaces with the label are looked at: that it is absent, or has another value, exempts. */
  readonly asks?: boolean;
}

const EXEMPTIONS: readonly Exemption[] = [
  { engine: 'gatekeeper', label: 'admission.gatekeeper.sh/ignore' },
  { engine: 'opa', label: 'openpolicyagent.org/webhook', value: 'ignore' },
  { engine: 'sigstore', label: 'policy.sigstore.dev/exclude' },
  { engine: 'sigstore', label: 'policy.sigstore.dev/include', value: 'true', asks: true },
  { engine: 'connaisseur', label: 'securesystemsengineering.connaisseur/webhook', value: 'ignore' },
  { engine: 'k-rail', label: 'k-rail/ignore', value: 'true' },
];

function exempts({ label, value, asks = false }: Exemption, labels: Labels): boolean {
  const found = labels[label];
  const holds = found !== undefined && (value === undefined || value === found);
  return holds !== asks;
}

/** True for a label that an admission engine reads; only these are kept when a namespace has very many. */
export function concernsAdmission(label: string): boolean {
  return label.startsWith(PREFIX) || EXEMPTIONS.some((exemption) => exemption.label === label);
}

/** The level that a set of labels asks to be enforced; without the label the API server's default holds, which is privileged unless set otherwise. */
export function enforcedLevel(labels: Labels): string {
  return labels[ENFORCE] ?? 'privileged';
}

/** A kind of change of a namespace's labels, as rules name it in `gatewatch.namespace.changes`. */
export type LabelChange =
  | 'enforce-lowered'
  | 'enforce-removed'
  | 'enforce-raised'
  | 'enforce-version-lowered'
  | 'enforce-version-raised'
  | 'privileged-chosen'
  | 'privileged-dropped'
  | 'audit-lowered'
  | 'warn-lowered'
  | 'exemption-added'
  | 'exemption-removed';

function minor(version: string | undefined): number {
  const found = /^v1\.(\d{1,4})$/.exec(version ?? '');
  return found ? Number(found[1]) : Number.POSITIVE_INFINITY;
}

/** How many things a level forbids at the version that labels ask for; most later versions of a check forbid less than its first. */
function checksAt(level: string | undefined, labels: Labels): number {
  const version = minor(labels[ENFORCE_VERSION]);
  return CHECKS.filter((check) => check.level === 'baseline' || level !== 'baseline').flatMap(
    ({ versions }) =>
      versions.filter(({ since, tightens }, index) => since <= version && (index === 0 || tightens)),
  ).length;
}

/** What changed between two known sets of labels. */
export function labelChanges(before: Labels, after: Labels): LabelChange[] {
  const changes: LabelChange[] = [];
  const [from, to] = [strictness(before[ENFORCE]), strictness(after[ENFORCE])];
  if (before[ENFORCE] !== undefined && after[ENFORCE] === undefined) {
    changes.push(from > 0 ? 'enforce-removed' : 'privileged-dropped');
  } else if (to < from) changes.push('enforce-lowered');
  else if (to > from) changes.push('enforce-raised');
  else if (after[ENFORCE] === 'privileged' && before[ENFORCE] === undefined)
    changes.push('privileged-chosen');
  // An old version judges by the checks of its time: the level stays, the checks added since are gone.
  const isRedated = before[ENFORCE_VERSION] !== after[ENFORCE_VERSION];
  if (isRedated && to > 0 && to >= from && before[ENFORCE] !== undefined) {
    const [was, is] = [checksAt(after[ENFORCE], before), checksAt(after[ENFORCE], after)];
    if (is < was) changes.push('enforce-version-lowered');
    if (is > was) changes.push('enforce-version-raised');
  }
  if (strictness(after[AUDIT]) < strictness(before[AUDIT])) changes.push('audit-lowered');
  if (strictness(after[WARN]) < strictness(before[WARN])) changes.push('warn-lowered');
  for (const exemption of EXEMPTIONS) {
    const [was, is] = [exempts(exemption, before), exempts(exemption, after)];
    if (is && !was) changes.push('exemption-added');
    if (was && !is) changes.push('exemption-removed');
  }
  return [...new Set(changes)];
}

/** The labels of a set by which its namespace is exempt from an engine. */
export function exemptingLabels(labels: Labels): string[] {
  return EXEMPTIONS.filter((exemption) => exempts(exemption, labels)).map((exemption) => exemption.label);
}
