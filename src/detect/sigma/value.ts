/** Case folding of everything that is compared without regard to case, rules and events alike. */
export function fold(text: string): string {
  return text.toLowerCase();
}

/** A scalar of an event as the text that Sigma compares ("all values are treated as case-insensitive strings"); objects and null have none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
