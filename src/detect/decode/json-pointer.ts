/**
 * The segments of a JSON pointer (RFC 6901), unescaped; none for the whole document. What stands before the first slash is passed over,
 * as the API server's library does (gopkg.in/evanphx/json-patch.v4), or a patch could hide its target behind it.
 */
export function pointerSegments(pointer: string): string[] {
  const start = pointer.indexOf('/');
  if (start < 0) return [];
  return pointer
    .slice(start + 1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}
