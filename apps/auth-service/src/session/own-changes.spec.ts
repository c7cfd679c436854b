import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { registerOwnChanges } from './own-changes.js';

let app: FastifyInstance;
let invalidations: number;

beforeEach(() => {
  invalidations = 0;
  app = fastify();
  registerOwnChanges(app, { invalidate: () => void (invalidations += 1) });
  const answer = (request: { query: unknown }, reply: { code: (status: number) => void }) => {
    reply.code(Number((request.query as { status?: string }).status ?? 200));
    return Promise.resolve({});
  };
  app.all('/any', answer);
  app.post('/often', { config: { keepsSessionStatusCache: true } }, answer);
});

afterEach(() => app.close());

it.each([
  ['a change', 'POST', '/any', 1],
  ['a refused change, which may have been committed', 'PUT', '/any?status=409', 1],
  ['a safe request', 'GET', '/any', 0],
  ['a successful request to a route that keeps the cache', 'POST', '/often', 0],
  [
    'a refused request to such a route, which may have revoked a session',
    'POST',
    '/often?status=401',
    1,
  ],
] as const)(
  'invalidates the cache of session status before the response, or not: %s',
  async (_what, method, url, times) => {
    await app.inject({ method, url });
    expect(invalidations).toBe(times);
  },
);
