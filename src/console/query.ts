import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { GatewatchError } from '../errors.ts';
import { ALERT_SORTS, COUNT_FIELDS } from '../index/port.ts';
import { OUTCOMES, SEVERITIES, STATUSES } from './words.ts';

/** Longest value of a parameter, in characters. */
export const VALUE_CHARS_MAX = 2048;
const VALUES_MAX = 50;
const CURSOR_CHARS_MAX = 1024;
/** How much of a wrong value an error repeats. */
const QUOTED_CHARS_MAX = 60;
/** A name further away than this is not a slip of the finger. */
const SUGGESTION_EDITS_MAX = 3;

const oneOrMore = <Value extends z.ZodType>(value: Value, meaning: string) =>
  z.array(value).max(VALUES_MAX).describe(`${meaning} May be repeated: any of the values.`).exactOptional();
const names = (meaning: string) => oneOrMore(z.string().max(VALUE_CHARS_MAX), meaning);
const time = (meaning: string) => z.iso.datetime({ offset: true }).describe(meaning).exactOptional();

const filterShape = {
  text: z
    .string()
    .max(VALUE_CHARS_MAX)
    .describe(
      'Words that must all occur, each as the beginning of a word, in the sentence or in the names of rule, user, cluster, namespace, resource or denying policy.',
    )
    .exactOptional(),
  severity: oneOrMore(z.enum(SEVERITIES), 'Severity.'),
  outcome: oneOrMore(z.enum(OUTCOMES), 'What became of the request at the admission gate.'),
  status: oneOrMore(z.enum(STATUSES), 'Status. Without it: all but withdrawn alerts.'),
  cluster: names('Name of the cluster.'),
  namespace: names('Namespace.'),
  user: names('Name of the user as the API server authenticated it.'),
  rule: names('Id of the rule.'),
  detectionId: names('Id of the detection, for example AC08.'),
  incident: names('Id of the incident.'),
  from: time('Earliest time of the alert, RFC 3339, inclusive.'),
  to: time('Latest time of the alert, RFC 3339, inclusive.'),
};

/** Query of `GET /v1/alerts`. */
export const listQuery = z.strictObject({
  ...filterShape,
  sort: z.enum(ALERT_SORTS).default('time').describe('What pages are sorted by.'),
  order: z.enum(['asc', 'desc']).default('desc').describe('Newest or most severe first: desc.'),
  limit: z.coerce.number<string>().int().min(1).max(500).default(50).describe('Alerts a page.'),
  cursor: z
    .string()
    .max(CURSOR_CHARS_MAX)
    .describe('`next` of the page before, with the same sort and order.')
    .exactOptional(),
});

/** Query of `GET /v1/alerts/counts`. */
export const countsQuery = z.strictObject({
  ...filterShape,
  by: z
    .enum(COUNT_FIELDS)
    .describe('The field whose values are counted; without it only the total.')
    .exactOptional(),
});

/** Spans that the list offers, in hours. */
export const RANGES = { '1h': 1, '24h': 24, '7d': 7 * 24, '30d': 30 * 24 } as const;
export type Range = keyof typeof RANGES;

/** Query of the list's page: the API's, and a time range that ends now. */
export const pageQuery = listQuery.extend({
  range: z.enum(Object.keys(RANGES) as [Range, ...Range[]]).exactOptional(),
});
export type PageQuery = z.output<typeof pageQuery>;

const LISTS = new Set(
  Object.entries(filterShape).flatMap(([name, { def }]) =>
    def.innerType instanceof z.ZodArray ? [name] : [],
  ),
);

/**
 * Checks a query. An empty value is as good as none: a form sends every one of its fields.
 * @throws GatewatchError `QUERY_INVALID` that names the parameter and what was probably meant.
 */
export function parseQuery<Schema extends z.ZodObject>(schema: Schema, query: unknown): z.output<Schema> {
  // Without a prototype, a parameter called __proto__ is one like any other.
  const given: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(query as Record<string, string | string[]>)) {
    const values = [value].flat().filter((one) => one !== '');
    if (values.length > 0) given[name] = LISTS.has(name) ? values : values.length === 1 ? values[0] : values;
  }
  const result = schema.safeParse(given, { reportInput: true });
  if (result.success) return result.data;
  throw invalid(result.error.issues[0]!, Object.keys(schema.shape));
}

function invalid(issue: z.core.$ZodIssue, parameters: readonly string[]): GatewatchError {
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys[0] ?? '';
    const what = `There is no parameter ${quote(name)}${suggestion(name, parameters)}`;
    return new GatewatchError('QUERY_INVALID', what, { where: name.slice(0, QUOTED_CHARS_MAX) });
  }
  const where = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : String(key))).join('');
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    const values = issue.values.map(String);
    const what = `${quote(issue.input)} is none of ${values.join(', ')}${suggestion(issue.input, values)}`;
    return new GatewatchError('QUERY_INVALID', what, { where });
  }
  return new GatewatchError('QUERY_INVALID', `The value does not fit: ${issue.message}.`, { where });
}

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_CHARS_MAX ? `${text.slice(0, QUOTED_CHARS_MAX)}…` : text);
}

function suggestion(given: string, known: readonly string[]): string {
  const near = closest(given.slice(0, QUOTED_CHARS_MAX), known);
  return distance(given.slice(0, QUOTED_CHARS_MAX), near) <= SUGGESTION_EDITS_MAX
    ? `. Did you mean "${near}"?`
    : '.';
}
