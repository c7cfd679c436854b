import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import { GOOD_PASSWORD, ServiceFixture } from '../service.fixture.js';
import {
  activate,
  asOperator,
  invite,
  type Listed,
  operator,
  PLATFORM_HOST,
  platformId,
  ROUTES,
  service,
  usePlatform,
} from './platform.fixture.js';

usePlatform();

describe('Activating an operator', () => {
  it('requires the secret from the command line, works once and checks the password against the policy', async () => {
    const email = 'Once@Ops.example';
    const { secret } = await invite(email);
    const weak = await activate({ email, secret, password: 'password1' });
    expect([weak.status, weak.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const attempts = await Promise.all(
      Array.from({ length: 8 }, () => activate({ email, secret, password: GOOD_PASSWORD })),
    );
    expect(attempts.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array<number>(7).fill(400),
    ]);
    const login = await service.login(PLATFORM_HOST, { email, password: GOOD_PASSWORD });
    expect(login.user).toMatchObject({ role: 'admin', email: 'once@ops.example' });
    expect((await activate({ email, secret, password: GOOD_PASSWORD })).error.code).toBe(
      'INVALID_INVITE',
    );
  });

  it('hashes no password for a wrong secret', async () => {
    const body = { email: 'x@ops.example', secret: 'wrong', password: 'short' };
    const answer = await activate(body);
    expect([answer.status, answer.error.code]).toEqual([400, 'INVALID_INVITE']);
  });

  it('is the only way to become one: registration is refused', async () => {
    for (const call of [
      { host: PLATFORM_HOST },
      { headers: { 'x-tenant-id': platformId } },
      { query: { tenant_id: platformId } },
    ]) {
      const answer = await service.call('POST', '/auth/register', {
        ...call,
        body: {
          email: `${randomUUID()}@evil.example`,
          password: GOOD_PASSWORD,
          firstName: 'Eva',
          lastName: 'Lima',
        },
      });
      expect([answer.status, answer.error.code]).toEqual([403, 'REGISTRATION_REFUSED']);
    }
  });

  it('is the only way to become one: an admin of another tenant does not find the users of the platform', async () => {
    const { userId } = await service.user(platformId, { role: 'user' });
    const { tenantId, host } = await service.tenant();
    const admin = await service.user(tenantId, { role: 'admin' });
    const { tokens } = await service.login(host, admin);
    const answer = await service.call('POST', `/auth/users/${userId}/role`, {
      token: tokens.accessToken,
      body: { role: 'admin' },
    });
    expect(answer.status).toBe(404);
    await service.sql('DELETE FROM users WHERE id = $1', [userId]);
  });

  it('works at the address of the platform only', async () => {
    const email = `${randomUUID()}@ops.example`;
    const { secret } = await invite(email);
    const body = { email, secret, password: GOOD_PASSWORD };
    const { host } = await service.tenant();
    const path = '/platform/operators/activate';
    const elsewhere = await service.call('POST', path, { host, body });
    expect([elsewhere.status, elsewhere.error.code]).toEqual([404, 'NOT_FOUND']);
    const nowhere = await service.call('POST', path, { body });
    expect([nowhere.status, nowhere.error.code]).toEqual([400, 'TENANT_REQUIRED']);
    expect((await activate(body)).status).toBe(200);
  });

  it('leaves an operator their own profile, password and sessions', async () => {
    const email = `${randomUUID()}@ops.example`;
    const { secret } = await invite(email);
    await activate({ email, secret, password: GOOD_PASSWORD });
    const login = await service.login(PLATFORM_HOST, { email, password: GOOD_PASSWORD });
    const token = login.tokens.accessToken;
    const profile = await service.call('PUT', '/auth/me', { token, body: { firstName: 'Ana' } });
    expect(profile.status).toBe(200);
    const password = await service.call('PUT', '/auth/password', {
      token,
      body: { currentPassword: GOOD_PASSWORD, newPassword: `${GOOD_PASSWORD} again` },
    });
    expect(password.status).toBe(200);
  });

  it('is the only way to become one: signing up with the name of the platform is refused', async () => {
    const open = await ServiceFixture.start({ TENANT_SIGNUP: 'open' });
    try {
      for (const subdomain of ['platform', 'Platform']) {
        const answer = await open.call('POST', '/tenants', {
          body: {
            name: 'P',
            subdomain,
            adminEmail: 'a@evil.example',
            adminPassword: GOOD_PASSWORD,
          },
        });
        expect([answer.status, answer.error.code]).toEqual([400, 'VALIDATION_ERROR']);
      }
    } finally {
      await open.stop();
    }
  });
});

describe('Operators', () => {
  it('are the only users who can call the platform routes', async () => {
    const { tenantId, host } = await service.tenant({ maxUsers: 20 });
    const users = await Promise.all(
      (['viewer', 'user', 'manager', 'admin'] as const).map(async (role) =>
        service.login(host, await service.user(tenantId, { role })),
      ),
    );
    for (const [method, path, body] of ROUTES) {
      const anonymous = await service.call(method, path, { body });
      expect([anonymous.status, anonymous.error.code]).toEqual([401, 'TOKEN_REQUIRED']);
      for (const { tokens } of users) {
        const refused = await service.call(method, path, { token: tokens.accessToken, body });
        expect([path, refused.status, refused.error.code]).toEqual([
          path,
          403,
          'INSUFFICIENT_PERMISSIONS',
        ]);
      }
    }
  });

  it('lose all rights when they are revoked, with the tokens that they hold', async () => {
    const email = `${randomUUID()}@ops.example`;
    const { secret } = await invite(email);
    await activate({ email, secret, password: GOOD_PASSWORD });
    const { tokens } = await service.login(PLATFORM_HOST, { email, password: GOOD_PASSWORD });
    const list = () => service.call('GET', '/platform/tenants', { token: tokens.accessToken });
    expect((await list()).status).toBe(200);
    expect((await cliOn(service.database)('operators', 'revoke', '--email', email)).code).toBe(0);
    await expect.poll(async () => (await list()).status, { timeout: 5_000 }).toBe(401);
    const again = await service.call('POST', '/auth/login', {
      host: PLATFORM_HOST,
      body: { email, password: GOOD_PASSWORD },
    });
    expect(again.status).toBe(401);
  });

  it('see other tenants through the platform routes only', async () => {
    const { tenantId, host } = await service.tenant();
    const admin = await service.user(tenantId, { role: 'admin' });
    const token = operator.tokens.accessToken;
    for (const call of [{ host }, { headers: { 'x-tenant-id': tenantId } }]) {
      const answer = await service.call('GET', '/auth/users', { token, ...call });
      expect(answer.text).not.toContain(admin.email);
    }
    const current = await service.call<{ subdomain: string }>('GET', '/tenants/current', { token });
    expect(current.data.subdomain).toBe('platform');
    const tenants = await asOperator<Listed>('GET', `/tenants/${tenantId}`);
    expect(tenants.text).not.toContain(admin.email);
  });
});
