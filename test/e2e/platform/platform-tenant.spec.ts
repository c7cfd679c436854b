import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrackerFixture, type UserRecord } from '../tracker/tracker.fixture.js';
import { type Method, operator, service, usePlatform } from './platform.fixture.js';

type Route = [method: Method, path: string];

/** The routes that an operator may call at the address of the platform, besides those under /platform. */
const OPEN: Record<string, string> = {
  'POST /tenants': 'is public; it creates another tenant',
  'POST /auth/login': 'is public; operators log in',
  'POST /auth/refresh': 'is public; the same',
  'POST /auth/password/renew': 'is public; operators change their own password',
  'POST /auth/register': 'is public; the tenant accepts no registration',
  'POST /auth/invitations/inspect': 'is public; it reads',
  'POST /oauth/introspect': 'is public; it asks for a service client',
  'POST /oauth/revoke': 'is public; the same',
  'PUT /auth/me': 'changes the own profile',
  'PUT /auth/password': 'changes the own password',
  'POST /auth/logout': 'revokes the own session',
  'DELETE /auth/sessions': 'revokes own sessions',
  'DELETE /auth/sessions/{id}': 'revokes an own session',
};

const nameOf = ([method, path]: Route): string => `${String(method)} ${path}`;

/** Every route of an API description that may change something. */
function writesIn(file: string): Route[] {
  const url = new URL(`../../../docs/${file}`, import.meta.url);
  const { paths } = JSON.parse(readFileSync(url, 'utf8')) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== 'get')
      .map((method): Route => [method.toUpperCase() as Method, path.replace('/api/v1', '')]),
  );
}

const withIds = (path: string): string => path.replace(/\{\w+\}/g, randomUUID());

const REFUSAL = {
  code: 'INSUFFICIENT_PERMISSIONS',
  error:
    'The platform tenant cannot be changed. Use the routes under /platform, or the command line.',
  details: { reason: 'platform_tenant' },
};

usePlatform();

describe('The platform tenant', () => {
  const writes = writesIn('openapi.json').filter(([, path]) => !path.startsWith('/platform/'));

  it.each(writes.filter((route) => !(nameOf(route) in OPEN)))(
    'refuses every change by its operators: %s %s',
    async (method, path) => {
      const { accessToken: token } = operator.tokens;
      const answer = await service.call(method, withIds(path), { token });
      expect(answer.status).toBe(403);
      expect(answer.error).toMatchObject(REFUSAL);
    },
  );

  it.each(writes.filter((route) => nameOf(route) in OPEN))(
    'does not close a route that changes nothing of the tenant: %s %s',
    async (method, path) => {
      const token = operator.tokens.accessToken;
      // The wrong type of body ends the request before the handler, and after the policy of the route.
      const headers = { 'content-type': 'application/json' };
      const answer = await service.call(method, withIds(path), { token, headers, body: { x: 1 } });
      expect(answer.error.details).not.toEqual(REFUSAL.details);
    },
  );

  it('closes no route that does not exist', () => {
    expect(Object.keys(OPEN).filter((name) => !writes.map(nameOf).includes(name))).toEqual([]);
  });
});

describe('The platform tenant in the tracker', () => {
  let tracker: TrackerFixture;
  let caller: UserRecord;

  beforeAll(async () => {
    tracker = await TrackerFixture.start();
    const [platform] = await tracker.sql<{ id: string }>(
      `INSERT INTO tenants (name, subdomain, is_platform) VALUES ('Platform', 'platform', true) RETURNING id`,
    );
    const tenant = { tenantId: platform?.id ?? '', host: 'platform.localhost' };
    caller = await tracker.user({ role: 'admin', tenant });
  });

  afterAll(async () => {
    await tracker?.stop();
  });

  it.each(writesIn('openapi.poc-tracker.json'))(
    'refuses every change by its operators: %s %s',
    async (method, path) => {
      const answer = await tracker.call(String(method), withIds(path), { token: caller.token });
      expect(answer.status).toBe(403);
      expect(answer.error).toMatchObject(REFUSAL);
    },
  );
});
