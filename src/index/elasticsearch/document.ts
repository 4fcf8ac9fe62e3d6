import type { Alert } from '../../record/alert.ts';
import type { NamespaceChange } from '../../record/signal.ts';
import { flattened } from './flattened.ts';
import { wordsOf } from './words.ts';

/** What is stored of an alert: the alert, and what only Elasticsearch needs. */
export interface AlertDocument extends Alert {
  readonly event: Alert['event'] & {
    /** When the alert was first stored, by the wall clock: rules of Kibana that go by it see alerts whose own time is long past. */
    readonly ingested: string;
    /** The alert as JSON; only where the index cannot hold it as it is. */
    readonly original?: string;
  };
  readonly gatewatch: Alert['gatewatch'] & { readonly words: readonly string[] };
}

/** The document of an alert. */
export function toDocument(alert: Alert, ingested: string): AlertDocument {
  const { namespace, ...gatewatch } = alert.gatewatch;
  const labels = namespace && fittingLabels(namespace);
  return {
    ...alert,
    event: { ...alert.event, ingested, ...(labels?.whole === false && { original: JSON.stringify(alert) }) },
    gatewatch: {
      ...gatewatch,
      ...(labels && { namespace: labels.namespace }),
      words: wordsOf(alert),
    },
  };
}

/** The very alert that `toDocument` was given. */
export function fromDocument(document: AlertDocument): Alert {
  const { original, ingested: _, ...event } = document.event;
  if (original !== undefined) return JSON.parse(original) as Alert;
  const { words: __, ...gatewatch } = document.gatewatch;
  return { ...document, event, gatewatch };
}

/** Labels come from requests, refused ones too, so that their keys may be of any length and hold anything. */
function fittingLabels(change: NamespaceChange): { namespace: NamespaceChange; whole: boolean } {
  let namespace = change;
  let whole = true;
  for (const name of ['labels_before', 'labels_after'] as const) {
    if (change[name] === undefined) continue;
    const labels = flattened(change[name]);
    namespace = { ...namespace, [name]: labels.value };
    whole &&= labels.whole;
  }
  return { namespace, whole };
}
