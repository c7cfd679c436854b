import type { OpenAPIObject } from '@nestjs/swagger';

/** What the walk reads of a JSON Schema (OpenAPI 3.1 takes them as they are). */
export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  examples?: unknown[];
  minimum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

/** Formats whose one value is as good as another. */
const BY_FORMAT: Record<string, unknown> = {
  uuid: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f',
  email: 'ana@acme.example',
  uri: 'https://acme.example/',
  'date-time': '2026-11-20T12:00:00.000Z',
};

const MAX_DEPTH = 12;

/**
 * A value of the schema, put together from the examples of its properties, so that an example is written once and
 * beside the field it is of. Optional properties without one are left out.
 * @returns undefined when a required part has no example: {@link findGaps} names it.
 */
export function exampleOf(schema: Schema | undefined, document: OpenAPIObject, depth = 0): unknown {
  if (schema === undefined || depth > MAX_DEPTH) return undefined;
  if ('example' in schema) return schema.example;
  if (schema.examples !== undefined && schema.examples.length > 0) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const resolved = resolve(schema, document);
  if (resolved !== schema) return exampleOf(resolved, document, depth + 1);
  const type = [schema.type].flat()[0];
  if (type === 'object') return exampleObject(schema, document, depth);
  if (type === 'array') {
    const item = exampleOf(schema.items, document, depth + 1);
    return item === undefined ? undefined : [item];
  }
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  if (type === 'integer' || type === 'number') return schema.minimum;
  return BY_FORMAT[schema.format ?? ''];
}

function exampleObject(schema: Schema, document: OpenAPIObject, depth: number): unknown {
  const example: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = exampleOf(property, document, depth + 1);
    if (value !== undefined) example[name] = value;
    else if (schema.required?.includes(name) === true) return undefined;
  }
  return example;
}

/** The schema behind a reference or a choice of schemas; a choice is shown by its first. */
function resolve(schema: Schema, document: OpenAPIObject): Schema {
  const inner = schema.allOf?.[0] ?? schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (inner !== undefined) return resolve(inner, document);
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  return (document.components?.schemas?.[name] ?? {}) as Schema;
}
