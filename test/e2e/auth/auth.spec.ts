import { ApiError } from '@poc-tracker/contracts';
import { hash } from 'argon2';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { UserRepository } from '../../../apps/auth-service/src/user/user.repository.js';
import { GOOD_PASSWORD, type Login, ServiceFixture, type Tokens } from '../service.fixture.js';

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

const registration = (email: string) => ({
  email,
  password: GOOD_PASSWORD,
  firstName: 'Ana',
  lastName: 'Souza',
});

const register = (host: string, body: object) =>
  service.call<Login>('POST', '/auth/register', { host, body });

describe('Registration', () => {
  it('creates a user with role user and a trimmed, lower-case email address', async () => {
    const { host, tenantId } = await service.tenant();
    const answer = await register(host, registration('  Ana@Acme.Example '));
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.data.user).toEqual({
      id: expect.any(String),
      email: 'ana@acme.example',
      firstName: 'Ana',
      lastName: 'Souza',
      role: 'user',
      permissions: ['create_pocs'],
      customRoleId: null,
      customRoleName: null,
      mustChangePassword: false,
      tenantId,
      status: 'active',
      timezone: 'America/Sao_Paulo',
      locale: 'pt-BR',
      avatarUrl: null,
      emailVerified: false,
      emailVerifiedAt: null,
      lastLoginAt: expect.any(String),
      loginCount: 1,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect(answer.data.tokens.expiresIn).toBe(900);
    expect(await service.probe(answer.data.tokens.accessToken)).toBe('accepted');
  });

  it('refuses an address that the tenant already has and accepts it in another tenant', async () => {
    const [one, other] = [await service.tenant(), await service.tenant()];
    await register(one.host, registration('same@example.com'));
    const again = await register(one.host, registration('SAME@example.com'));
    expect(again).toMatchObject({ status: 409, error: { code: 'USER_EXISTS' } });
    expect((await register(other.host, registration('same@example.com'))).status).toBe(201);
  });

  it.each([
    ['role', { role: 'admin' }],
    ['permissions', { permissions: ['manage_users'] }],
    ['tenantId', { tenantId: '0192f0c1-6a10-7b42-8c3d-112233445566' }],
    ['status', { status: 'active' }],
    ['email', { email: 'not an address' }],
    ['email', { email: null }],
    ['firstName', { firstName: '  ' }],
    ['lastName', { lastName: 'x'.repeat(51) }],
    ['firstName', { firstName: 'Ana\r\nBcc: all@example.com' }],
    ['password', { password: 'short' }],
    ['password', { password: 'x'.repeat(4_096) }],
    ['inviteToken', { inviteToken: null }],
  ])('refuses an invalid or unknown field and names it: %s', async (field, change) => {
    const { host } = await service.tenant();
    const answer = await register(host, { ...registration('ana@example.com'), ...change });
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[]).map((detail) => detail.field)).toContain(
      field,
    );
  });

  it('fills exactly the free seats when many users register at once', async () => {
    const { host, tenantId } = await service.tenant({ maxUsers: 4 });
    await service.user(tenantId, { role: 'admin' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        register(host, registration(`user-${index}@example.com`)),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBe(3);
    expect(refused).toHaveLength(47);
    for (const { status, error } of refused) {
      expect({ status, error }).toMatchObject({
        status: 403,
        error: {
          code: 'USER_LIMIT_EXCEEDED',
          details: {
            limits: { maxUsers: 4, maxPocs: 100, maxStorageGb: 5 },
            usage: { users: 4, pocs: 0, storageGb: 0 },
          },
        },
      });
    }
    const [{ count }] = (await service.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM users WHERE tenant_id = $1',
      [tenantId],
    )) as [{ count: number }];
    expect(count).toBe(4);
  });
});

describe('Registration that must fail', () => {
  it('is refused before the password is hashed', async () => {
    const { host, tenantId } = await service.tenant({ maxUsers: 2 });
    await register(host, registration('taken@example.com'));
    const hash = vi.spyOn(service.app.get(PasswordHasher, { strict: false }), 'hash');
    const again = await register(host, registration('Taken@example.com'));
    expect(again).toMatchObject({ status: 409, error: { code: 'USER_EXISTS' } });
    await service.user(tenantId);
    const full = await register(host, registration('late@example.com'));
    expect(full).toMatchObject({
      status: 403,
      error: {
        code: 'USER_LIMIT_EXCEEDED',
        details: {
          limits: { maxUsers: 2, maxPocs: 100, maxStorageGb: 5 },
          usage: { users: 2, pocs: 0, storageGb: 0 },
        },
      },
    });
    expect(hash).not.toHaveBeenCalled();
  });
});

describe('Log-in', () => {
  it('is refused before the account is looked up if too many passwords wait to be hashed', async () => {
    const { host, tenantId } = await service.tenant();
    const { email, password } = await service.user(tenantId);
    const takePlace = vi.spyOn(service.app.get(PasswordHasher, { strict: false }), 'takePlace');
    takePlace.mockImplementation(() => {
      throw new ApiError('SERVICE_BUSY', { retryAfter: 1 });
    });
    const lookUp = vi.spyOn(service.app.get(UserRepository, { strict: false }), 'findCredentials');
    const answer = await service.call('POST', '/auth/login', { host, body: { email, password } });
    expect(answer).toMatchObject({ status: 503, error: { code: 'SERVICE_BUSY' } });
    expect(lookUp).not.toHaveBeenCalled();
  });

  it('returns tokens and counts the log-in', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    const { tokens } = await service.login(host, {
      ...user,
      email: ` ${user.email.toUpperCase()}`,
    });
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
    const [row] = await service.sql<{ login_count: number; last_login_at: Date | null }>(
      'SELECT login_count, last_login_at FROM users WHERE id = $1',
      [user.userId],
    );
    expect(row?.login_count).toBe(1);
    expect(row?.last_login_at).toBeInstanceOf(Date);
  });

  it('replaces a password hash that was created with weaker settings', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    const hashOf = async () =>
      (
        await service.sql<{ password_hash: string }>(
          'SELECT password_hash FROM users WHERE id = $1',
          [user.userId],
        )
      )[0]?.password_hash;
    const weak = await hash(user.password, { memoryCost: 8, timeCost: 1, parallelism: 1 });
    await service.sql('UPDATE users SET password_hash = $2 WHERE id = $1', [user.userId, weak]);
    await service.login(host, user);
    const upgraded = await hashOf();
    expect(upgraded).toMatch(/^\$argon2id\$v=19\$m=7168,t=1,p=1\$/);
    await service.login(host, user);
    expect(await hashOf()).toBe(upgraded);
  });

  it('answers an unknown address, a wrong password and a closed account alike, with the same work', async () => {
    const { host, tenantId } = await service.tenant();
    const elsewhere = await service.tenant();
    const known = await service.user(tenantId);
    const inactive = await service.user(tenantId, { status: 'inactive' });
    const suspended = await service.user(tenantId, { status: 'suspended' });
    // Not told apart by PASSWORD_CHANGE_REQUIRED, which only active users get.
    const expired = await service.user(tenantId, { status: 'suspended', mustChangePassword: true });
    const foreign = await service.user(elsewhere.tenantId);
    const hasher = service.app.get(PasswordHasher, { strict: false });
    const verify = vi.spyOn(hasher, 'verify');
    const attempts = [
      { email: 'unknown@example.com', password: known.password },
      { email: known.email, password: 'wrong' },
      { email: inactive.email, password: inactive.password },
      { email: suspended.email, password: suspended.password },
      { email: expired.email, password: expired.password },
      { email: foreign.email, password: foreign.password },
    ];
    const answers: object[] = [];
    for (const body of attempts) {
      verify.mockClear();
      const { status, error } = await service.call('POST', '/auth/login', { host, body });
      answers.push({ status, error: { ...error, requestId: '' } });
      expect(verify, `a password was verified for ${body.email}`).toHaveBeenCalledTimes(1);
    }
    expect(answers[0]).toMatchObject({ status: 401, error: { code: 'INVALID_CREDENTIALS' } });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('with the old password fails when the password is changed at the same moment', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    const { tokens } = await service.login(host, user);
    const hasher = service.app.get(PasswordHasher, { strict: false });
    const realVerify = hasher.verify.bind(hasher);
    let verified: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const hasVerified = new Promise<void>((resolve) => (verified = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    vi.spyOn(hasher, 'verify').mockImplementationOnce(async (hash, password) => {
      const verdict = await realVerify(hash, password);
      verified();
      await mayGoOn;
      return verdict;
    });
    const slow = service.call('POST', '/auth/login', {
      host,
      body: { email: user.email, password: user.password },
    });
    await hasVerified;
    const change = await service.call('PUT', '/auth/password', {
      token: tokens.accessToken,
      body: { currentPassword: user.password, newPassword: GOOD_PASSWORD },
    });
    expect(change.status).toBe(200);
    goOn();
    expect(await slow).toMatchObject({ status: 401, error: { code: 'INVALID_CREDENTIALS' } });
  });
});

describe('The profile', () => {
  it('can be read and updated by its user', async () => {
    const { host, tenantId } = await service.tenant();
    const { tokens } = await service.login(host, await service.user(tenantId));
    const changes = { firstName: 'Bia', timezone: 'America/Recife', locale: 'en-US' };
    const changed = await service.call('PUT', '/auth/me', {
      token: tokens.accessToken,
      body: changes,
    });
    expect(changed).toMatchObject({ status: 200, data: { ...changes, lastName: 'Silva' } });
    const read = await service.call('GET', '/auth/me', { token: tokens.accessToken });
    expect(read.data).toMatchObject({ user: changed.data });
    expect(read.headers['cache-control']).toBe('no-store');
  });

  it('comes with the tenant as GET /tenants/current describes it', async () => {
    const { host, tenantId } = await service.tenant();
    const { tokens } = await service.login(host, await service.user(tenantId, { role: 'admin' }));
    const token = tokens.accessToken;
    const tenantOf = async () =>
      (await service.call<{ tenant: object }>('GET', '/auth/me', { token })).data.tenant;
    const expected = async () => {
      const current = await service.call<Record<string, unknown>>('GET', '/tenants/current', {
        token,
      });
      const { id, name, subdomain, planType, features, branding } = current.data;
      return { id, name, subdomain, planType, features, branding };
    };
    expect(await tenantOf()).toEqual(await expected());

    const body = { theme: { primaryColor: '#aa0000' } };
    await service.call('PATCH', '/tenants/current/settings', { token, body });
    expect(await tenantOf()).toMatchObject({ branding: { primaryColor: '#aa0000' } });
    expect(await tenantOf()).toEqual(await expected());

    // A row that a migration or an import has left out.
    await service.sql('DELETE FROM tenant_settings WHERE tenant_id = $1', [tenantId]);
    expect(await tenantOf()).toEqual(await expected());
  });

  it.each([
    ['body', {}],
    ['timezone', { timezone: 'Mars/Olympus' }],
    ['locale', { locale: 'fr-FR' }],
    ['firstName', { firstName: null }],
    ['email', { email: 'other@example.com' }],
    ['role', { role: 'admin' }],
    ['emailVerifiedAt', { emailVerifiedAt: '2026-01-01T00:00:00Z' }],
  ])('refuses an invalid or read-only field: %s', async (field, body) => {
    const { host, tenantId } = await service.tenant();
    const { tokens } = await service.login(host, await service.user(tenantId));
    const answer = await service.call('PUT', '/auth/me', { token: tokens.accessToken, body });
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
  });
});

describe('A password change', () => {
  it('ends every earlier session and token and returns tokens for the caller', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    const [here, there] = [await service.login(host, user), await service.login(host, user)];
    const answer = await service.call<Tokens>('PUT', '/auth/password', {
      token: here.tokens.accessToken,
      body: { currentPassword: user.password, newPassword: GOOD_PASSWORD },
    });
    expect(answer.status).toBe(200);
    expect(await service.probe(answer.data.accessToken)).toBe('accepted');
    for (const { tokens } of [here, there]) {
      expect(await service.probe(tokens.accessToken)).toBe('TOKEN_REVOKED');
      expect((await service.refresh(tokens.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    }
    expect((await service.refresh(answer.data.refreshToken)).status).toBe(200);
    await expect(service.login(host, user)).rejects.toThrow('INVALID_CREDENTIALS');
    await service.login(host, { ...user, password: GOOD_PASSWORD });
  });

  it('requires the current password', async () => {
    const { host, tenantId } = await service.tenant();
    const { tokens } = await service.login(host, await service.user(tenantId));
    const answer = await service.call('PUT', '/auth/password', {
      token: tokens.accessToken,
      body: { currentPassword: 'wrong', newPassword: GOOD_PASSWORD },
    });
    expect(answer).toMatchObject({ status: 401, error: { code: 'INVALID_CREDENTIALS' } });
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
  });

  it('checks the new password against the policy', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    const { tokens } = await service.login(host, user);
    const answer = await service.call('PUT', '/auth/password', {
      token: tokens.accessToken,
      body: { currentPassword: user.password, newPassword: 'password1' },
    });
    expect(answer).toMatchObject({ status: 400, error: { details: [{ field: 'newPassword' }] } });
  });
});

describe('The JWKS endpoint', () => {
  it('is public, cacheable for minutes and contains only public keys', async () => {
    const response = await service.app.inject({
      url: '/.well-known/jwks.json',
      headers: { host: 'poctracker.com' },
    });
    expect(response.statusCode).toBe(200);
    expect(response.headers['cache-control']).toBe('public, max-age=300');
    const { keys } = response.json<{ keys: object[] }>();
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });
});
