const RETURN_PATH_CHARS_MAX = 4000;
const BASE = 'http://console.invalid';

/** Where a login leads: back to one of our own pages, whatever the address asked for. */
export function returnPath(asked: string | undefined): string {
  if (asked === undefined || asked.length > RETURN_PATH_CHARS_MAX || !URL.canParse(asked, BASE))
    return '/alerts';
  // Read as a browser would, which takes `//host`, `/\host` and `/<tab>/host` for another host.
  const { origin, pathname, search } = new URL(asked, BASE);
  return origin === BASE && /^\/alerts(\/[^/]+)?$/.test(pathname) ? pathname + search : '/alerts';
}
