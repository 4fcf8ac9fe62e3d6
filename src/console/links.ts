import { Exact } from './show.ts';

/** Longer addresses are refused by many a proxy, and by Node from 16 KiB of headers on. */
const HREF_CHARS_MAX = 4000;

/** Parameters of the list of alerts; a list stands for alternatives. */
export type ListParameters = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/**
 * Address of the list of alerts with these parameters.
 * @returns undefined if it would be too long to follow.
 */
export function listHref(parameters: ListParameters): Exact | undefined {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value ?? []].flat()) search.append(name, String(one).toWellFormed());
  }
  const href = search.size === 0 ? '/alerts' : `/alerts?${search}`;
  return href.length > HREF_CHARS_MAX ? undefined : new Exact(href);
}

/** Address of one alert. */
export function alertHref(id: string): Exact {
  return new Exact(`/alerts/${encodeURIComponent(id.toWellFormed())}`);
}

/** A name that leads somewhere, or nowhere. */
export interface Link {
  readonly text: string;
  readonly href?: Exact;
}

/** The references of a rule. Rules come from files that anyone may write: only http and https become links. */
export function referenceLinks(reference: string | readonly string[] | undefined): Link[] {
  return [reference ?? []]
    .flat()
    .flatMap((text) => text.split(/[\s,]+/))
    .filter((text) => text !== '')
    .map((text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      const safe =
        url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.href.length <= HREF_CHARS_MAX;
      return safe ? { text, href: new Exact(url.href) } : { text };
    });
}

/** A tactic (TA0005) or technique (T1562.001) of ATT&CK with its page. */
export function attackLink(id: string, name: string | undefined): Link {
  const text = name === undefined ? id : `${id} ${name}`;
  if (/^TA\d{4}$/.test(id)) return { text, href: new Exact(`https://attack.mitre.org/tactics/${id}/`) };
  if (!/^T\d{4}(\.\d{3})?$/.test(id)) return { text };
  return { text, href: new Exact(`https://attack.mitre.org/techniques/${id.replace('.', '/')}/`) };
}
