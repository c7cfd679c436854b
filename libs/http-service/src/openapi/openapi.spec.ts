import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveDocumentation } from './documentation.page.js';
import { EDGE_API, createEdge, type Edge } from '../edge.fixture.js';
import { findGaps } from './openapi-gaps.js';
import { createOpenApiDocument } from './openapi.document.js';
import { operationsOf } from './operation.js';

let edge: Edge;
let document: OpenAPIObject;

beforeAll(async () => {
  edge = await createEdge();
  serveDocumentation(edge.app, EDGE_API);
  await edge.app.init();
  await edge.app.getHttpAdapter().getInstance().ready();
  document = createOpenApiDocument(edge.app, EDGE_API);
});

afterAll(async () => {
  await edge.app.close();
});

function operation(name: string): ReturnType<typeof operationsOf>[number]['operation'] {
  const found = operationsOf(document).find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found.operation;
}

describe('createOpenApiDocument', () => {
  it('creates an OpenAPI 3.1 document with the security scheme of the token', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.components?.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
    });
  });

  it('names no license that Swagger UI would link to a page that does not exist', () => {
    expect(document.info.license).toEqual({ name: 'All rights reserved' });
  });

  it('combines the examples of fields to example bodies in the envelope', () => {
    const create = operation('POST /api/v1/users');
    expect(create.requestBody?.content['application/json']?.example).toMatchObject({ name: 'Ana' });
    expect(create.responses['201']?.content?.['application/json']?.example).toMatchObject({
      success: true,
      data: { name: 'Ana' },
    });
    expect(
      operation('GET /api/v1/users').responses['200']?.content?.['application/json']?.example,
    ).toMatchObject({
      success: true,
      message: 'Here they are.',
      data: { items: [{ name: 'Ana' }] },
    });
  });

  it('documents the declared and the implied errors of a route, each with its body', () => {
    const create = operation('POST /api/v1/users');
    expect(create['x-error-codes']).toEqual([
      'INTERNAL_ERROR',
      'OUTCOME_UNKNOWN',
      'PAYLOAD_TOO_LARGE',
      'RATE_LIMIT_EXCEEDED',
      'SERVICE_UNAVAILABLE',
      'TENANT_MISMATCH',
      'TENANT_REQUIRED',
      'UNSUPPORTED_MEDIA_TYPE',
      'USER_EXISTS',
      'VALIDATION_ERROR',
    ]);
    expect(create.responses['400']?.content?.['application/json']).toMatchObject({
      schema: { $ref: '#/components/schemas/ErrorResponse' },
      examples: {
        TENANT_REQUIRED: { value: { code: 'TENANT_REQUIRED', status: 400 } },
        VALIDATION_ERROR: { value: { details: [{ field: 'email' }] } },
      },
    });
    expect(operation('GET /api/v1/users')['x-error-codes']).toEqual(
      expect.arrayContaining(['TOKEN_REVOKED', 'INSUFFICIENT_PERMISSIONS']),
    );
  });

  it('accepts the tenant of a public route in the host or the header', () => {
    const create = operation('POST /api/v1/users');
    expect(create.security).toEqual([]);
    expect(create.parameters).toEqual([
      expect.objectContaining({ name: 'x-tenant-id', in: 'header', required: false }),
    ]);
    expect(operation('GET /api/v1/users').security).toEqual([{ bearer: [] }]);
  });

  it('adds the policy of each route, and leaves no gaps', () => {
    expect(operation('GET /api/v1/users')['x-policy']).toEqual({
      access: 'authenticated',
      roles: ['admin'],
    });
    expect(operation('POST /api/v1/users')['x-policy']).toEqual({ access: 'public' });
    expect(findGaps(document)).toEqual([]);
  });

  it('creates the same document each time', () => {
    expect(JSON.stringify(createOpenApiDocument(edge.app, EDGE_API))).toBe(
      JSON.stringify(document),
    );
  });

  it('creates the same document for an application in preview mode', async () => {
    const { app } = await createEdge({ preview: true });
    expect(JSON.stringify(createOpenApiDocument(app, EDGE_API))).toBe(JSON.stringify(document));
  });
});

describe('findGaps', () => {
  const ID = { name: 'id', in: 'path', required: true };
  const complete: OpenAPIObject = {
    openapi: '3.1.0',
    info: { title: 't', version: '1' },
    tags: [{ name: 'things', description: 'Things.' }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    paths: {
      '/api/v1/things/{id}': {
        get: {
          operationId: 'getThing',
          summary: 'Get a thing',
          tags: ['things'],
          parameters: [
            { name: 'id', in: 'path', required: true, example: '1', schema: { type: 'string' } },
          ],
          security: [{ bearer: [] }],
          responses: {
            200: { description: 'ok', content: { 'application/json': { example: {} } } },
            404: {
              description: 'none',
              content: {
                'application/json': {
                  schema: { $ref: '#/x' },
                  examples: { NOT_FOUND: { value: {} } },
                },
              },
            },
          },
          ...{ 'x-error-codes': ['NOT_FOUND'], 'x-policy': { access: 'authenticated' } },
        },
      },
    },
  };

  /** The complete document after `change` to its one operation. */
  function changed(change: (thing: Record<string, unknown>) => void): OpenAPIObject {
    const copy = structuredClone(complete);
    change(copy.paths['/api/v1/things/{id}']?.get as unknown as Record<string, unknown>);
    return copy;
  }

  it('finds nothing in a complete document', () => {
    expect(findGaps(complete)).toEqual([]);
  });

  it.each<[string, (thing: Record<string, unknown>) => void]>([
    ['has no summary', (thing) => (thing.summary = ' ')],
    ['has no tag', (thing) => delete thing.tags],
    [
      'has the tag "other", which the description of the API does not describe',
      (thing) => (thing.tags = ['other']),
    ],
    [
      'has the operation id "", which is not a verb of operation-id.ts and a noun',
      (thing) => delete thing.operationId,
    ],
    [
      'has the operation id "thing", which is not a verb of operation-id.ts and a noun',
      (thing) => (thing.operationId = 'thing'),
    ],
    ['does not document its parameter id', (thing) => (thing.parameters = [])],
    [
      'has no example of its parameter id',
      (thing) => (thing.parameters = [{ ...ID, schema: { type: 'string' } }]),
    ],
    [
      'does not declare the type of its parameter id',
      (thing) => (thing.parameters = [{ ...ID, example: '1', schema: { allOf: [] } }]),
    ],
    [
      'has no example of its body',
      (thing) => (thing.requestBody = { content: { 'application/json': {} } }),
    ],
    ['documents no success', (thing) => delete (thing.responses as Record<string, unknown>)['200']],
    [
      'does not document the body of its 200',
      (thing) => ((thing.responses as Record<string, unknown>)['200'] = {}),
    ],
    [
      'does not document its error LAST_ADMIN',
      (thing) => (thing['x-error-codes'] = ['NOT_FOUND', 'LAST_ADMIN']),
    ],
    ['declares no error', (thing) => delete thing['x-error-codes']],
    [
      'does not document the body of its 403',
      (thing) => ((thing.responses as Record<string, unknown>)['403'] = {}),
    ],
    [
      'uses the unknown security scheme oauth',
      (thing) => (thing.security = [{ bearer: [], oauth: [] }]),
    ],
    ['has no policy', (thing) => delete thing['x-policy']],
    ['does not declare that it needs a token', (thing) => delete thing.security],
  ])('reports that an operation %s', (gap, change) => {
    expect(findGaps(changed(change))).toEqual([`GET /api/v1/things/{id} ${gap}`]);
  });

  it('reports that an operation has the operation id of another operation', () => {
    const copy = structuredClone(complete);
    copy.paths['/api/v1/others/{id}'] = structuredClone(
      complete.paths['/api/v1/things/{id}'] ?? {},
    );
    expect(findGaps(copy)).toEqual([
      'GET /api/v1/others/{id} has the operation id of another operation, "getThing"',
    ]);
  });
});

describe('The committed OpenAPI document', () => {
  const docs = fileURLToPath(new URL('../../../../docs', import.meta.url));

  it.each(['openapi.json', 'openapi.poc-tracker.json'])('%s has no gaps', (file) => {
    const text = readFileSync(join(docs, file), 'utf8');
    expect(findGaps(JSON.parse(text) as OpenAPIObject)).toEqual([]);
  });
});

describe('The documentation page', () => {
  it('serves Swagger UI with scripts from files only, and the document', async () => {
    const page = await edge.app.inject({ method: 'GET', url: '/docs' });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html']);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    expect(page.body).not.toMatch(/<script(?![^>]*src=)|\son\w+=/);
    const scripts = [...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(
      ([, file]) => file ?? '',
    );
    expect(scripts.length).toBeGreaterThan(3);
    for (const file of scripts) {
      const asset = await edge.app.inject({
        method: 'GET',
        url: new URL(file, 'http://host/docs').pathname,
      });
      expect([file, asset.statusCode]).toEqual([file, 200]);
    }
    const json = await edge.app.inject({ method: 'GET', url: '/docs-json' });
    expect(json.json()).toEqual(JSON.parse(JSON.stringify(document)));
    expect(json.headers['content-security-policy']).toMatch(/^default-src 'none'; base-uri/);
  });

  it.each([
    '/docs/nothing.js',
    '/docs/../package.json',
    '/docs/%2e%2e/package.json',
    '/docs/package.json%00',
    '/docs-yaml',
  ])('responds to %s with an error in the error format', async (url) => {
    const answer = await edge.app.inject({ method: 'GET', url });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.statusCode).toBeLessThan(500);
    expect(answer.json()).toMatchObject({
      code: expect.any(String),
      requestId: expect.any(String),
    });
  });
});
