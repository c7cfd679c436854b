import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEdge, EDGE_API } from '../edge.fixture.js';
import { createOpenApiDocument } from '../openapi/openapi.document.js';

let app: NestFastifyApplication;

beforeAll(async () => {
  ({ app } = await createEdge());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(async () => {
  await app.close();
});

const FORM = 'application/x-www-form-urlencoded';

const post = (kind: string, type = FORM, payload = 'a=1') =>
  app.inject({
    method: 'POST',
    url: `/api/v1/oauth/${kind}`,
    headers: { 'content-type': type },
    payload,
  });

describe('An error of an OAuth route (RFC 6749, 5.2)', () => {
  it.each([
    ['client', 401, 'invalid_client'],
    ['limit', 429, 'temporarily_unavailable'],
    ['busy', 503, 'temporarily_unavailable'],
    ['raw', 500, 'server_error'],
    ['database', 500, 'server_error'],
    ['text', 500, 'server_error'],
    ['unknown', 404, 'invalid_request'],
    ['field', 400, 'invalid_request'],
    ['%00', 400, 'invalid_request'],
  ])('has the code of the standard and nothing else: %s', async (kind, status, error) => {
    const answer = await post(kind);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({
      error,
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).not.toMatch(/secret|SELECT|relation|thrown/);
  });

  it.each([
    ['another content type', 'text/plain', 'a=1', 415],
    ['a repeated field', FORM, 'a=1&a=2', 400],
    ['a forbidden field', FORM, '__proto__=1', 400],
    ['a body that is too large', FORM, `a=${'a'.repeat(40_000)}`, 413],
    ['JSON instead of a form', 'application/json', '{"a":"1"}', 415],
    ['a form in capitals with a charset', `${FORM.toUpperCase()}; charset=UTF-8`, 'a=1&a=2', 400],
  ])('is invalid_request for %s', async (_what, type, payload, status) => {
    const answer = await post('raw', type, payload);
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([
      status,
      'invalid_request',
    ]);
  });

  it.each([
    ['GET /api/v1/oauth/raw', 405, 'POST'],
    ['POST /api/v1/oauth/raw/deeper', 404, undefined],
    ['GET /api/v1/oauth/', 404, undefined],
  ])('is invalid_request for an unknown path or method: %s', async (route, status, allow) => {
    const [method, url] = route.split(' ') as ['GET' | 'POST', string];
    const answer = await app.inject({ method, url });
    expect([answer.statusCode, answer.headers.allow]).toEqual([status, allow]);
    expect(answer.json()).toEqual({
      error: 'invalid_request',
      error_description: expect.any(String) as string,
    });
  });

  it('is in the format of the API for an unknown path beside those of OAuth', async () => {
    const answer = await app.inject({ method: 'GET', url: '/api/v1/oauthx/raw' });
    expect(answer.json()).toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });

  it('names the field, in the characters that the standard allows', async () => {
    expect((await post('field')).json()).toEqual({
      error: 'invalid_request',
      error_description: 'The request is not valid. tok??n: must be a token.',
    });
  });

  it('asks for HTTP Basic on 401, and tells when to try again', async () => {
    expect((await post('client')).headers['www-authenticate']).toMatch(/^Basic realm=/);
    expect((await post('limit')).headers['retry-after']).toBe('7');
  });

  it('is documented with its codes and its body', () => {
    const operation = createOpenApiDocument(app, EDGE_API).paths['/api/v1/oauth/{kind}']?.post;
    expect(operation).toMatchObject({
      'x-error-codes': [
        'invalid_client',
        'invalid_request',
        'server_error',
        'temporarily_unavailable',
      ],
      responses: {
        401: {
          content: {
            'application/json': {
              schema: { $ref: '#/components/schemas/OAuthErrorResponse' },
              examples: { invalid_client: { value: { error: 'invalid_client' } } },
            },
          },
        },
      },
    });
  });
});
