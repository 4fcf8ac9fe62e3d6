import type { Alert, LetThrough } from '../../record/alert.ts';
import type { PolicyEffect, Violation } from '../../record/signal.ts';
import { attackLink, type Link, listHref, referenceLinks } from '../links.ts';
import { VALUE_CHARS_MAX } from '../query.ts';
import { type Exact, visibleJson } from '../show.ts';

/** Rows of one table on the page; the JSON has all of them. */
const ROWS_MAX = 200;

interface LabelChange {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly change: 'added' | 'removed' | 'changed' | 'unchanged' | 'now';
}

/** What `views/alert.eta` shows. */
export interface AlertView {
  readonly alert: Alert;
  readonly json: Exact;
  readonly references: readonly Link[];
  readonly attack: readonly Link[];
  readonly related: { readonly users: readonly string[]; readonly addresses: readonly string[] };
  /** Lists of other alerts that have something in common with this one. */
  readonly same: {
    readonly user?: Exact;
    readonly namespace?: Exact;
    readonly rule?: Exact;
    readonly incident?: Exact;
  };
  readonly denials: readonly {
    readonly engine: string;
    readonly policy: string;
    readonly message: readonly string[];
  }[];
  readonly violations: readonly { readonly level: string; readonly violations: readonly Violation[] }[];
  readonly labels: readonly LabelChange[];
  readonly labelsBeforeKnown: boolean;
  /** What a change of a policy does to the protection that it gives. */
  readonly protection: string;
  readonly letThrough: readonly {
    readonly title: string;
    readonly note: string;
    readonly entries: readonly LetThrough[];
  }[];
  readonly evidence: Alert['gatewatch']['evidence'];
  readonly evidenceLeftOut: number;
  /** The chain behind who asked. */
  readonly behind: readonly string[];
}

const PROTECTION: Readonly<Record<PolicyEffect, string>> = {
  weakened: 'less than before',
  strengthened: 'more than before',
  neutral: 'as before',
  unclear: 'not clear',
};

/** Arranges one alert for its page. */
export function alertView(alert: Alert): AlertView {
  const { gatewatch, rule, threat, related, user, source } = alert;
  const { tactic, technique } = threat ?? {};
  return {
    alert,
    json: visibleJson(alert),
    references: referenceLinks(rule.reference),
    attack: [...attackLinks(tactic), ...attackLinks(technique)],
    related: {
      users: (related?.user ?? []).filter((name) => name !== user?.name).slice(0, ROWS_MAX),
      addresses: (related?.ip ?? []).filter((ip) => ip !== source?.ip).slice(0, ROWS_MAX),
    },
    same: sameAs(alert),
    behind: (gatewatch.actor?.chain ?? []).slice(1, ROWS_MAX),
    denials: (gatewatch.admission?.denied_by ?? []).slice(0, ROWS_MAX).map((denial) => ({
      engine: denial.engine,
      policy: [denial.policy, denial.binding, denial.webhook]
        .filter((name) => name !== undefined)
        .join(' · '),
      message: denial.message.split(/\r?\n/, ROWS_MAX),
    })),
    violations: (['baseline', 'restricted'] as const).flatMap((level) => {
      const violations = gatewatch.pod_security?.[level] ?? [];
      return violations.length > 0 ? [{ level, violations: violations.slice(0, ROWS_MAX) }] : [];
    }),
    labels: labelChanges(gatewatch.namespace ?? { changes: [] }),
    labelsBeforeKnown: gatewatch.namespace?.labels_before !== undefined,
    protection: PROTECTION[gatewatch.policy?.effect ?? 'neutral'],
    letThrough: letThrough(gatewatch),
    evidence: gatewatch.evidence.slice(0, ROWS_MAX),
    evidenceLeftOut: (gatewatch.suppressed ?? 0) + Math.max(0, gatewatch.evidence.length - ROWS_MAX),
  };
}

function letThrough(gatewatch: Alert['gatewatch']): AlertView['letThrough'] {
  const tables = [
    {
      title: 'Let through meanwhile',
      note: 'what would have been stopped before, as far as can be told, or a webhook was not asked about',
      entries: gatewatch.blast_radius ?? [],
    },
    {
      title: 'Perhaps let through',
      note: 'it cannot be told whether what was weakened had a say in these namespaces',
      entries: gatewatch.blast_radius_uncertain ?? [],
    },
  ];
  return tables
    .filter(({ entries }) => entries.length > 0)
    .map((table) => ({ ...table, entries: table.entries.slice(0, ROWS_MAX) }));
}

function attackLinks(
  named: { readonly id: readonly string[]; readonly name?: readonly string[] } | undefined,
): Link[] {
  return (named?.id ?? []).map((id, i) => attackLink(id, named?.name?.[i]));
}

function sameAs({ user, orchestrator, rule, gatewatch: { incident } }: Alert): AlertView['same'] {
  const { cluster, namespace } = orchestrator;
  const ofUser = user && filterHref({ user: user.name });
  const ofNamespace = namespace && filterHref({ cluster: cluster.name, namespace });
  const ofRule = filterHref({ rule: rule.id });
  const ofIncident = incident && filterHref({ incident: incident.id });
  return {
    ...(ofUser && { user: ofUser }),
    ...(ofNamespace && { namespace: ofNamespace }),
    ...(ofRule && { rule: ofRule }),
    ...(ofIncident && { incident: ofIncident }),
  };
}

/** A value that the list would refuse gets no link. */
function filterHref(filter: Readonly<Record<string, string>>): Exact | undefined {
  const accepted = Object.values(filter).every((value) => value !== '' && value.length <= VALUE_CHARS_MAX);
  return accepted ? listHref(filter) : undefined;
}

/** Labels that changed first; without a known before, all that can be said is what they are now. */
function labelChanges(change: NonNullable<Alert['gatewatch']['namespace']>): LabelChange[] {
  const before = change.labels_before;
  const after = change.labels_after ?? {};
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].sort();
  const rows = names.map((name): LabelChange => {
    const [was, is] = [own(before ?? {}, name), own(after, name)];
    const unknown = before === undefined ? 'now' : undefined;
    const changed =
      was === undefined ? 'added' : is === undefined ? 'removed' : was === is ? 'unchanged' : 'changed';
    return { name, before: was, after: is, change: unknown ?? changed };
  });
  const [same, different] = [true, false].map((wanted) =>
    rows.filter(({ change }) => (change === 'unchanged') === wanted),
  );
  return [...(different ?? []), ...(same ?? [])].slice(0, ROWS_MAX);
}

function own(labels: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
