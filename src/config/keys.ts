import { configJsonSchema } from './schema.ts';

/** The part of JSON Schema that the configuration's schema comes out as. */
export interface KeySchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  /** Of a mapping with keys of the user's choice: the schema of what they hold. */
  readonly additionalProperties?: KeySchema | false;
  readonly required?: readonly string[];
  readonly items?: KeySchema;
}

const ROOT = configJsonSchema() as KeySchema;

/** The schema of the key at a path; a number steps into a list. Undefined if there is no such key. */
export function keyAt(path: readonly PropertyKey[]): KeySchema | undefined {
  let schema: KeySchema | undefined = ROOT;
  for (const part of path) {
    if (typeof part === 'number') schema = schema?.items;
    else if (schema?.properties && Object.hasOwn(schema.properties, part)) {
      schema = schema.properties[String(part)];
    } else if (schema?.additionalProperties) schema = schema.additionalProperties;
    else return undefined;
  }
  return schema;
}

/** Every key that holds a value, in the order of the schema, as a path. Lists are one key. */
export function leafPaths(schema: KeySchema = ROOT, above: readonly string[] = []): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
    inner.properties ? leafPaths(inner, [...above, name]) : [[...above, name]],
  );
}

/** A path as people write it: `clusters[0].name`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`))
    .join('');
}
