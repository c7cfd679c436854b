import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrackerFixture, type UserRecord } from '../tracker/tracker.fixture.js';
import {
  account,
  type Method,
  operator,
  PLATFORM_HOST,
  service,
  usePlatform,
} from './platform.fixture.js';

type Route = [method: Method, path: string];

/**
 * The routes that an operator may call at the address of the platform, besides those under /platform, and what they answer
 * to a body without any of their fields.
 */
const OPEN: Record<string, { status: number; why: string }> = {
  'POST /tenants': { status: 400, why: 'is public; it creates another tenant' },
  'POST /auth/login': { status: 400, why: 'is public; operators log in' },
  'POST /auth/refresh': { status: 400, why: 'is public; the same' },
  'POST /auth/password/renew': {
    status: 400,
    why: 'is public; operators change their own password',
  },
  'POST /auth/register': { status: 400, why: 'is public; the tenant accepts no registration' },
  'POST /auth/invitations/inspect': { status: 400, why: 'is public; it reads' },
  'POST /oauth/introspect': { status: 401, why: 'is public; it asks for a service client' },
  'POST /oauth/revoke': { status: 401, why: 'is public; the same' },
  'POST /auth/login/factor': { status: 400, why: 'is public; the second step of a log-in' },
  'POST /auth/login/factor/email': { status: 400, why: 'is public; the same' },
  'POST /auth/login/passkey': { status: 400, why: 'is public; operators log in' },
  'POST /auth/passkeys/options': { status: 400, why: 'is public; it reads' },
  'POST /auth/magic-link': { status: 400, why: 'is public; the tenant allows no such log-in' },
  'POST /auth/magic-link/login': { status: 400, why: 'is public; the same' },
  'POST /auth/code': { status: 400, why: 'is public; the same' },
  'POST /auth/code/login': { status: 400, why: 'is public; the same' },
  'POST /auth/password/forgot': { status: 400, why: 'is public; operators reset their password' },
  'POST /auth/password/reset': { status: 400, why: 'is public; the same' },
  'POST /auth/register/confirm': { status: 400, why: 'is public; the tenant has no registrations' },
  'POST /auth/email/verify': { status: 400, why: 'is public; it verifies your address' },
  'POST /auth/email/confirm': { status: 400, why: 'is public; it changes your address' },
  'POST /auth/email/undo': { status: 400, why: 'is public; the same' },
  'POST /mail/events': { status: 404, why: 'is public; no secret of the webhook is set' },
  'PUT /auth/email': { status: 400, why: 'changes your address' },
  'POST /auth/email/send-verification': { status: 202, why: 'sends a mail to you' },
  'POST /auth/step-up': { status: 400, why: 'proves your identity again' },
  'POST /auth/factors/totp': { status: 400, why: 'adds a factor of yours' },
  'POST /auth/factors/totp/{id}/confirm': { status: 400, why: 'the same' },
  'POST /auth/factors/passkeys/options': { status: 200, why: 'the same' },
  'POST /auth/factors/passkeys': { status: 400, why: 'the same' },
  'POST /auth/factors/recovery-codes': { status: 404, why: 'replaces your recovery codes' },
  'PATCH /auth/factors/{id}': { status: 400, why: 'renames a factor of yours' },
  'DELETE /auth/factors/{id}': { status: 404, why: 'removes a factor of yours' },
  'PUT /auth/me': { status: 400, why: 'updates your profile' },
  'PUT /auth/password': { status: 400, why: 'changes your password' },
  'POST /auth/logout': { status: 200, why: 'revokes your session' },
  'DELETE /auth/sessions': { status: 200, why: 'revokes own sessions' },
  'DELETE /auth/sessions/{id}': { status: 404, why: 'revokes an own session' },
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
      // Each route gets a session of its own: some of them revoke it.
      const { tokens } = await service.login(PLATFORM_HOST, account);
      const token = tokens.accessToken;
      const content = path.startsWith('/oauth/')
        ? { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'x=1' }
        : { headers: { 'content-type': 'application/json' }, body: { x: 1 } };
      const answer = await service.call(method, withIds(path), { token, ...content });
      expect(answer.status, answer.text).toBe(OPEN[nameOf([method, path])]?.status);
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
