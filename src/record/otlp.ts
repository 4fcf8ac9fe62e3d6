/**
 * The attributes of an OTLP span in its JSON form, a list of `{key, value: {stringValue | boolValue | intValue …}}`
 * (opentelemetry-proto, common/v1), as one object. Values that are lists or maps are left out; of repeated keys the last counts.
 */
export function attributesOf(list: unknown): Readonly<Record<string, unknown>> {
  const attributes = new Map<string, unknown>();
  for (const attribute of Array.isArray(list) ? list : []) {
    const { key, value } = (attribute ?? {}) as { key?: unknown; value?: unknown };
    if (typeof key !== 'string' || typeof value !== 'object' || value === null) continue;
    const { stringValue, boolValue, intValue } = value as Record<string, unknown>;
    attributes.set(key, stringValue ?? boolValue ?? intValue);
  }
  return Object.fromEntries(attributes);
}
