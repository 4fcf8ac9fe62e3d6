/**
 * Names and values that one detail lists at most. A pod that the API server accepts stays far below it; a hostile
 * one is still judged in full, only what is said about it is cut.
 */
const MAX_LISTED = 1000;

/** Adds a name to a list that exists only once there is something to say, as for most pods there is not. */
export function listed(list: string[] | undefined, name: string): string[] {
  if (list === undefined) return [name];
  if (list.length < MAX_LISTED) list.push(name);
  return list;
}

/** Adds a value to a set that exists only once there is something to say. */
export function noted(set: Set<string> | undefined, value: string): Set<string> {
  if (set === undefined) return new Set([value]);
  if (set.size < MAX_LISTED) set.add(value);
  return set;
}

/** The set's values in the order of their UTF-8 bytes, as `sets.String.List` sorts (k8s.io/apimachinery, util/sets). */
export function sorted(set: ReadonlySet<string> | undefined): string[] {
  return set === undefined ? [] : [...set].sort(compareBytes);
}

/** Orders well-formed strings by their UTF-8 bytes, as Go compares strings; equal to code point order. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates below U+E000..U+FFFF, although the code points that they encode come after. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Items in double quotes and separated by commas, not escaped (k8s.io/pod-security-admission/policy, helpers.go). */
export function joinQuote(items: readonly string[]): string {
  return items.length === 0 ? '' : `"${items.join('", "')}"`;
}

/** The singular for exactly one, else the plural (k8s.io/pod-security-admission/policy, helpers.go). */
export function pluralize(singular: string, plural: string, count: number): string {
  return count === 1 ? singular : plural;
}

/** `container "a"` or `containers "a", "b"`, the phrase that details name containers with. */
export function containersPhrase(names: readonly string[]): string {
  return `${pluralize('container', 'containers', names.length)} ${joinQuote(names)}`;
}

/**
 * Who set a forbidden value: `pod`, `container "a"`, or `pod and containers "a", "b"`. The same phrase stands in
 * each check that has a pod-level and a container-level field (for example check_runAsUser.go of
 * k8s.io/pod-security-admission/policy).
 */
export function setters(pod: boolean, containers: readonly string[] | undefined): string {
  if (containers === undefined) return pod ? 'pod' : '';
  return pod ? `pod and ${containersPhrase(containers)}` : containersPhrase(containers);
}

const PLAIN = /^[ !#-[\]-~]*$/;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
const NAMED_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);

/**
 * The string as Go's `%q` prints it (Go's strconv, quote.go). Which characters count as printable depends on the
 * Unicode version on either side: one assigned since may be escaped there and plain here.
 */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  let out = '"';
  for (const char of text) out += escaped(char);
  return `${out}"`;
}

function escaped(char: string): string {
  const named = NAMED_ESCAPES.get(char);
  if (named !== undefined) return named;
  const code = char.codePointAt(0)!;
  if (code === 0x20) return char;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  if (PRINTABLE.test(char)) return char;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
