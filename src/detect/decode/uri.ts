/** Reading of a request's address as audit events record it: a path, mostly with a query. */

/** The query parameters of an address, decoded as a form's are. What cannot be decoded stays as it is written. */
export function parametersOf(uri: string): URLSearchParams {
  const start = uri.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : uri.slice(start + 1));
}

/** The segments of an address's path, each decoded; a slash that was escaped does not separate. */
export function pathSegments(uri: string): string[] {
  const [path = ''] = uri.split('?', 1);
  return path.split('/').filter(Boolean).map(percentDecoded);
}

/** `decodeURIComponent` for text that nobody vouches for: escapes that are none stay, bytes that are no UTF-8 become U+FFFD. */
function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString(),
  );
}
