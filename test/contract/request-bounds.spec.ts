import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { MAX_JSON_DEPTH, MAX_JSON_ENTRIES } from '@poc-tracker/http-service';
import { describe, expect, it } from 'vitest';
import type { InputSchema } from './input-cases.js';
import { findLargestBody, findUnbounded } from './request-bounds.js';

/** Inputs without a bound of their own. */
const EXCEPTIONS = [
  // Headers of HTTP. The server limits all headers of a request together.
  / header (authorization|if-none-match|if-range|range)$/,
  // Ignored, and compared by its hash. The server limits the form as a whole.
  / body\.(token_type_hint|client_secret)$/,
];

function documentWith(schema: InputSchema): OpenAPIObject {
  const body = { type: 'object', properties: { field: schema } };
  const operation = { requestBody: { content: { 'application/json': { schema: body } } } };
  return { paths: { '/cats': { post: operation } } } as unknown as OpenAPIObject;
}

describe('The inputs of an OpenAPI document', () => {
  it.each(['openapi.json', 'openapi.poc-tracker.json'])('are all bounded in %s', (file) => {
    const path = join(import.meta.dirname, '../../docs', file);
    const unbounded = findUnbounded(JSON.parse(readFileSync(path, 'utf8')) as OpenAPIObject);
    const unknown = unbounded.filter((place) => !EXCEPTIONS.some((known) => known.test(place)));
    expect(unknown).toEqual([]);
  });

  it.each<InputSchema>([
    { type: 'string' },
    { type: ['string', 'null'], format: 'email' },
    { type: 'string', pattern: '^[a-z]+$' },
    { type: 'string', pattern: '[a-z]{1,9}' },
    { type: 'array', items: { type: 'boolean' } },
    { type: 'integer', minimum: 1 },
    { type: 'number', maximum: 1 },
  ])('are found without a bound: %j', (schema) => {
    expect(findUnbounded(documentWith(schema))).toEqual(['POST /cats body.field']);
  });

  it.each<InputSchema>([
    { type: 'string', maxLength: 9 },
    { type: 'string', enum: ['a'] },
    { type: 'string', format: 'uuid' },
    { type: 'string', pattern: '^[+*]\\+[a-z]{1,9}$' },
    { type: 'array', maxItems: 9, items: { type: 'boolean' } },
    { type: 'integer', minimum: 1, maximum: 9 },
  ])('are accepted with a bound: %j', (schema) => {
    expect(findUnbounded(documentWith(schema))).toEqual([]);
  });
});

describe('The largest body of an OpenAPI document', () => {
  it.each([
    ['openapi.json', { depth: 4, entries: 355 }],
    ['openapi.poc-tracker.json', { depth: 1, entries: 4 }],
  ])('is far below the limits of the parser in %s', (file, size) => {
    const path = join(import.meta.dirname, '../../docs', file);
    const largest = findLargestBody(JSON.parse(readFileSync(path, 'utf8')) as OpenAPIObject);
    expect(largest).toEqual(size);
    expect(largest.depth).toBeLessThan(MAX_JSON_DEPTH);
    expect(largest.entries).toBeLessThan(MAX_JSON_ENTRIES);
  });

  it('is measured with its nested objects and lists', () => {
    const pair = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } };
    const schema = { type: 'array', maxItems: 10, items: pair } as InputSchema;
    expect(findLargestBody(documentWith(schema))).toEqual({ depth: 3, entries: 31 });
  });
});
