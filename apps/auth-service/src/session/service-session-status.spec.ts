import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { registerOwnChanges } from './service-session-status.js';

let app: FastifyInstance;
let invalidateed: number;

beforeEach(() => {
  invalidateed = 0;
  app = fastify();
  registerOwnChanges(app, { invalidate: () => void (invalidateed += 1) });
  const answer = (request: { query: unknown }, reply: { code: (status: number) => void }) => {
    reply.code(Number((request.query as { status?: string }).status ?? 200));
    return Promise.resolve({});
  };
  app.all('/any', answer);
  app.post('/often', { config: { leavesRightsAlone: true } }, answer);
});

afterEach(() => app.close());

it.each([
  ['a change', 'POST', '/any', 1],
  [
    'a change that was refused: something may have been committed all the same',
    'PUT',
    '/any?status=409',
    1,
  ],
  ['a reading request', 'GET', '/any', 0],
  ['a route that leaves rights alone', 'POST', '/often', 0],
  ['its refusal, which may have ended a session', 'POST', '/often?status=401', 1],
] as const)(
  'after %s the memory counts, or not, before the answer leaves',
  async (_what, method, url, times) => {
    await app.inject({ method, url });
    expect(invalidateed).toBe(times);
  },
);
