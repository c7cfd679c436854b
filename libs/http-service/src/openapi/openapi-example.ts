import type { OpenAPIObject } from '@nestjs/swagger';

/** The parts of a JSON Schema that are read (OpenAPI 3.1 uses JSON Schema unchanged). */
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
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  additionalProperties?: boolean | Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

/** Default examples by format. */
const BY_FORMAT: Record<string, unknown> = {
  uuid: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f',
  email: 'ana@acme.example',
  uri: 'https://acme.example/',
  'date-time': '2026-11-20T12:00:00.000Z',
};

const MAX_DEPTH = 12;

/**
 * An example of the schema, built from the examples of its properties, so that each example is written once, beside its
 * field. Optional properties without an example are left out.
 * @returns undefined if a required part has no example, which {@link findGaps} reports.
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

/** Resolves a reference, and takes the first of several alternatives. */
function resolve(schema: Schema, document: OpenAPIObject): Schema {
  const inner = schema.allOf?.[0] ?? schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (inner !== undefined) return resolve(inner, document);
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  return (document.components?.schemas?.[name] ?? {}) as Schema;
}
