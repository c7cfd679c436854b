import { PERMISSIONS } from '@poc-tracker/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { SessionService } from '../../../apps/auth-service/src/session/session.service.js';
import { GOOD_PASSWORD, ServiceFixture, type Tokens } from '../service.fixture.js';
import { SECURITY_DEFAULTS } from '../../../apps/auth-service/src/tenant/settings/security-defaults.fixture.js';

interface Signup {
  tenant: { id: string; subdomain: string };
  adminUser: { id: string; email: string };
  tokens: Tokens;
}

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const initech = (subdomain: string) => ({
  name: 'Initech Ltda',
  subdomain,
  adminEmail: ' Ana@Initech.Example ',
  adminPassword: GOOD_PASSWORD,
});

const signUp = (body: object) =>
  service.call<Signup>('POST', '/tenants', { host: 'poctracker.com', body });

const countOf = async (subdomain: string) =>
  (await service.sql('SELECT 1 FROM tenants WHERE subdomain = $1', [subdomain])).length;

describe('Sign-up', () => {
  it('refuses a taken subdomain before the password is hashed', async () => {
    const { subdomain } = await service.tenant();
    const hash = vi.spyOn(service.app.get(PasswordHasher, { strict: false }), 'hash');
    const answer = await signUp(initech(subdomain));
    expect(answer).toMatchObject({ status: 409, error: { code: 'TENANT_EXISTS' } });
    expect(hash).not.toHaveBeenCalled();
  });

  it('returns the tenant with its defaults, its admin and working tokens', async () => {
    const answer = await signUp({ ...initech('initech'), adminFirstName: 'Ana' });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.data).toMatchObject({
      tenant: {
        name: 'Initech Ltda',
        subdomain: 'initech',
        planType: 'basic',
        status: 'active',
        limits: { maxUsers: 10, maxPocs: 100, maxStorageGb: 5 },
        settings: {
          security: SECURITY_DEFAULTS,
        },
      },
      adminUser: {
        email: 'ana@initech.example',
        firstName: 'Ana',
        lastName: '',
        role: 'admin',
        permissions: PERMISSIONS,
        tenantId: answer.data.tenant.id,
      },
      tokens: { expiresIn: 900 },
    });
    expect(answer.text).not.toMatch(/argon2|passwordHash/);
    const { accessToken, refreshToken } = answer.data.tokens;
    const current = await service.call('GET', '/tenants/current', { token: accessToken });
    expect(current.data).toEqual(answer.data.tenant);
    const usage = await service.call('GET', '/tenants/current/usage', { token: accessToken });
    expect(usage.data).toMatchObject({ users: { used: 1, limit: 10 } });
    expect((await service.refresh(refreshToken)).status).toBe(200);
    await service.login('initech.localhost', {
      email: 'ana@initech.example',
      password: GOOD_PASSWORD,
    });
    const rows = await service.sql('SELECT 1 FROM tenant_settings WHERE tenant_id = $1', [
      answer.data.tenant.id,
    ]);
    expect(rows).toHaveLength(4);
  });

  it('is the first entry of the audit log, followed by the log-in of the admin', async () => {
    const { data } = await signUp(initech('recorded'));
    const { tenant, adminUser } = data;
    const events = await service.sql(
      `SELECT type, result, actor_id, actor_kind, target_type, target_id, details
         FROM security_events WHERE tenant_id = $1 ORDER BY id`,
      [tenant.id],
    );
    const by = { result: 'success', actor_id: adminUser.id, actor_kind: 'user' };
    const details = { adminEmail: 'ana@initech.example', planType: 'basic' };
    expect(events).toEqual([
      { ...by, type: 'tenant.created', target_type: 'tenant', target_id: tenant.id, details },
      {
        ...by,
        type: 'login.succeeded',
        target_type: 'user',
        target_id: adminUser.id,
        details: { methods: 'pwd' },
      },
    ]);
  });

  it('sent several times at once for one subdomain creates one tenant', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => signUp(initech('race'))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(new Set(refused.map(({ status, error }) => `${status} ${error.code}`))).toEqual(
      new Set(['409 TENANT_EXISTS']),
    );
    expect(await countOf('race')).toBe(1);
  });

  it('leaves nothing behind when its last step fails', async () => {
    vi.spyOn(service.app.get(SessionService, { strict: false }), 'open').mockRejectedValueOnce(
      new Error('out of luck'),
    );
    expect((await signUp(initech('half-way'))).status).toBe(500);
    expect(await countOf('half-way')).toBe(0);
    expect((await signUp(initech('half-way'))).status).toBe(201);
  });

  it.each([
    ['subdomain', { subdomain: '-initech' }],
    ['subdomain', { subdomain: 'admin' }],
    ['adminPassword', { adminPassword: 'password1' }],
    ['adminPassword', { adminPassword: 'initech-two-quatro-cavalos' }],
    ['adminEmail', { adminEmail: 'not-an-address' }],
    ['planType', { planType: 'free' }],
    ['status', { status: 'active' }],
    ['id', { id: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' }],
  ])('refuses an invalid field and names it: %s', async (field, change) => {
    const answer = await signUp({ ...initech('initech-two'), ...change });
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });

  it('is refused while sign-up is closed', async () => {
    const closed = await ServiceFixture.start({ TENANT_SIGNUP: 'closed' });
    try {
      const answer = await closed.call('POST', '/tenants', { body: initech('initech') });
      expect(answer).toMatchObject({ status: 403, error: { code: 'SIGNUP_CLOSED' } });
      expect(await closed.sql('SELECT 1 FROM tenants')).toHaveLength(0);
    } finally {
      await closed.stop();
    }
  });
});

describe('Two tenants', () => {
  it('keep their users apart: a token is refused at the other host, and header and parameter change nothing', async () => {
    const [mine, other] = [await service.tenant(), await service.tenant()];
    const { tokens } = await service.login(mine.host, await service.user(mine.tenantId));
    const token = tokens.accessToken;
    expect(await service.call('GET', '/auth/me', { token, host: other.host })).toMatchObject({
      status: 403,
      error: { code: 'TENANT_MISMATCH' },
    });
    for (const call of [
      { headers: { 'x-tenant-id': other.tenantId } },
      { query: { tenant_id: other.tenantId } },
    ]) {
      const answer = await service.call('GET', '/auth/me', {
        token,
        host: mine.host,
        ...call,
      });
      expect(answer).toMatchObject({ status: 200, data: { tenant: { id: mine.tenantId } } });
    }
  });
});
