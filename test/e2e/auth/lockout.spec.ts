import { redisUrl } from '@poc-tracker/testing';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { RedisConnection } from '../../../apps/auth-service/src/redis/redis.connection.js';
import { auditLogOn, failCommitsOf } from '../audit/audit.fixture.js';
import { GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';
import { bare } from '../users/users.fixture.js';

const WRONG = 'not the password at all';

let service: ServiceFixture;
let other: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({ REDIS_URL: redisUrl() });
  other = await service.restarted();
  for (const instance of [service, other]) {
    const { client } = instance.app.get(RedisConnection, { strict: false });
    // Otherwise the first failures are counted by the instance alone.
    await vi.waitFor(() => expect(client?.status).toBe('ready'));
  }
});

afterAll(async () => {
  await other?.app.close();
  await service?.stop();
});

interface Attempt {
  on?: ServiceFixture;
  cookie?: string;
  token?: string;
}

const logIn = (
  host: string,
  email: string,
  password: string,
  { on = service, cookie, token }: Attempt = {},
) =>
  on.call<Login>('POST', '/auth/login', {
    host,
    body: { email, password },
    ...(token !== undefined && { token }),
    ...(cookie !== undefined && { headers: { cookie } }),
  });

async function failTimes(count: number, host: string, email: string): Promise<void> {
  for (let done = 0; done < count; done += 1) await logIn(host, email, WRONG);
}

async function workspace() {
  const { host, tenantId } = await service.tenant();
  const user = await service.user(tenantId);
  const admin = await service.user(tenantId, { role: 'admin' });
  const { tokens } = await service.login(host, admin);
  return { host, tenantId, user, adminToken: tokens.accessToken };
}

const cookieOf = ({ headers }: { headers: Record<string, unknown> }) =>
  String(headers['set-cookie']).split(';')[0] ?? '';

interface User {
  tenantId: string;
  id: string;
}

const deviceOf = (answer: { headers: Record<string, unknown> }) => cookieOf(answer).split('.')[2];

const resetPassword = (token: string, userId: string) =>
  service.call<{ temporaryPassword: string }>('POST', `/auth/users/${userId}/reset-password`, {
    token,
  });

const lockEntries = (token: string, type: string) => auditLogOn(service, token, { type });

describe('Lockout', () => {
  it('refuses the right password after the sixth failure, with the answer for a wrong one after the same work', async () => {
    const { host, user } = await workspace();
    const verify = vi.spyOn(service.app.get(PasswordHasher, { strict: false }), 'verify');
    await failTimes(5, host, user.email);
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
    await failTimes(6, host, user.email);
    verify.mockClear();
    const locked = await logIn(host, user.email, user.password);
    const unknown = await logIn(host, 'unknown@example.com', WRONG);
    expect(locked).toMatchObject({ status: 401, error: { code: 'INVALID_CREDENTIALS' } });
    expect(bare(locked)).toEqual(bare(unknown));
    expect(locked.headers['set-cookie']).toBeUndefined();
    expect(verify).toHaveBeenCalledTimes(2);
    verify.mockRestore();
  });

  it('holds on every instance, and not for the same address in another tenant', async () => {
    const { host, user } = await workspace();
    const elsewhere = await service.tenant();
    const namesake = await service.user(elsewhere.tenantId, { email: user.email });
    await failTimes(6, host, user.email);
    expect((await logIn(host, user.email, user.password, { on: other })).status).toBe(401);
    expect((await logIn(elsewhere.host, user.email, namesake.password)).status).toBe(200);
  });

  it('is placed once by 60 parallel failures over two instances, and audited once', async () => {
    const { host, user, adminToken } = await workspace();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        logIn(host, user.email, WRONG, { on: index % 2 === 0 ? service : other }),
      ),
    );
    for (const { status } of answers) expect([401, 503]).toContain(status);
    expect((await logIn(host, user.email, user.password)).status).toBe(401);
    expect(await lockEntries(adminToken, 'account.locked')).toHaveLength(1);
  });

  it('lets one right password through among failures that arrive later, and does not undo the reset', async () => {
    const { host, user } = await workspace();
    await failTimes(5, host, user.email);
    const right = logIn(host, user.email, user.password);
    const wrong = Array.from({ length: 5 }, () => right.then(() => logIn(host, user.email, WRONG)));
    expect((await right).status).toBe(200);
    await Promise.all(wrong);
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
  });

  it('refuses the right password whose verification ends after 50 wrong ones', async () => {
    const { host, user } = await workspace();
    const hasher = service.app.get(PasswordHasher, { strict: false });
    const genuine = hasher.verify.bind(hasher);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const verify = vi.spyOn(hasher, 'verify').mockImplementation(async (hash, password, place) => {
      const result = await genuine(hash, password, place);
      if (password === user.password) await gate;
      return result;
    });
    const right = logIn(host, user.email, user.password);
    await vi.waitFor(() => expect(verify).toHaveBeenCalledTimes(1));
    const wrong = Array.from({ length: 50 }, () => logIn(host, user.email, WRONG));
    for (const { status } of await Promise.all(wrong)) expect([401, 503]).toContain(status);
    open();
    expect((await right).status).toBe(401);
    verify.mockRestore();
  });

  it('asks Redis as often for an unknown address as for a wrong password', async () => {
    const { host, user } = await workspace();
    const client = service.app.get(RedisConnection, { strict: false }).client as Redis;
    const evaluate = vi.spyOn(client, 'eval');
    const scriptsOf = async (email: string) => {
      evaluate.mockClear();
      await logIn(host, email, WRONG);
      return evaluate.mock.calls.filter(([, , key]) => String(key).includes('account_locked'))
        .length;
    };
    expect([await scriptsOf(user.email), await scriptsOf('unknown@example.com')]).toEqual([2, 2]);
    evaluate.mockRestore();
  });

  it('does not apply to a device that has logged in before, which has a lock of its own', async () => {
    const { host, user } = await workspace();
    const cookie = cookieOf(await logIn(host, user.email, user.password));
    await failTimes(6, host, user.email);
    const known = await logIn(host, user.email, user.password, { cookie });
    expect(known.status).toBe(200);
    expect((await logIn(host, user.email, user.password)).status).toBe(401);
    for (let done = 0; done < 6; done += 1) await logIn(host, user.email, WRONG, { cookie });
    expect((await logIn(host, user.email, user.password, { cookie })).status).toBe(401);
  });

  it('does not apply to a client with a valid access token of the account', async () => {
    const { host, user } = await workspace();
    const stranger = await service.user(user.tenantId);
    const { tokens } = await service.login(host, user);
    const foreign = await service.login(host, stranger);
    await failTimes(6, host, user.email);
    const answer = await logIn(host, user.email, user.password, { token: tokens.accessToken });
    expect(answer.status).toBe(200);
    const other = { token: foreign.tokens.accessToken };
    expect((await logIn(host, user.email, user.password, other)).status).toBe(401);
  });

  it('does not apply to a client without cookies that has nothing but a refresh token', async () => {
    const { host, user } = await workspace();
    const { tokens } = await service.login(host, user);
    await failTimes(6, host, user.email);
    const refreshed = await service.refresh(tokens.refreshToken);
    expect(refreshed.status).toBe(200);
    const { accessToken: token } = refreshed.data;
    expect((await logIn(host, user.email, user.password)).status).toBe(401);
    expect((await logIn(host, user.email, user.password, { token })).status).toBe(200);
  });

  it('covers the current password of a password change, for each session', async () => {
    const { host, user } = await workspace();
    const { tokens } = await service.login(host, user);
    const change = (currentPassword: string) =>
      service.call('PUT', '/auth/password', {
        token: tokens.accessToken,
        body: { currentPassword, newPassword: GOOD_PASSWORD },
      });
    for (let done = 0; done < 6; done += 1)
      expect((await change(WRONG)).error.code).toBe('INVALID_CREDENTIALS');
    expect(await change(user.password)).toMatchObject({
      status: 401,
      error: { code: 'INVALID_CREDENTIALS' },
    });
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
  });

  it('covers the replacement of a temporary password, together with the log-in', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId, { mustChangePassword: true });
    const renew = (currentPassword: string) =>
      service.call('POST', '/auth/password/renew', {
        host,
        body: { email: user.email, currentPassword, newPassword: GOOD_PASSWORD },
      });
    await failTimes(3, host, user.email);
    for (let done = 0; done < 3; done += 1) await renew(WRONG);
    expect(await renew(user.password)).toMatchObject({
      status: 401,
      error: { code: 'INVALID_CREDENTIALS' },
    });
  });
});

describe('The device cookie', () => {
  it('is set by every log-in, for the user who logs in, and the device keeps its id', async () => {
    const { host, user } = await workspace();
    const temporary = await service.user(user.tenantId, { mustChangePassword: true });
    const registration = { firstName: 'Ana', lastName: 'Souza', password: GOOD_PASSWORD };
    const renewal = {
      email: temporary.email,
      currentPassword: temporary.password,
      newPassword: GOOD_PASSWORD,
    };
    const signUp = {
      name: 'Initech',
      subdomain: `t-${user.userId}`,
      adminEmail: 'ana@initech.example',
      adminPassword: GOOD_PASSWORD,
    };
    const answers = await Promise.all([
      logIn(host, user.email, user.password),
      service.call('POST', '/auth/register', {
        host,
        body: { email: 'ana@example.com', ...registration },
      }),
      service.call('POST', '/auth/password/renew', { host, body: renewal }),
      service.call('POST', '/tenants', { host: 'poctracker.com', body: signUp }),
    ]);
    for (const answer of answers) {
      const { user: one, adminUser } = answer.data as { user?: User; adminUser?: User };
      const { tenantId, id } = (one ?? adminUser) as User;
      expect(cookieOf(answer)).toMatch(new RegExp(`^device=${tenantId}\\.${id}\\.`));
    }
    const [first = { headers: {} }] = answers;
    const again = await logIn(host, user.email, user.password, { cookie: cookieOf(first) });
    expect(deviceOf(again)).toBe(deviceOf(first));
    expect((await logIn(host, user.email, WRONG)).headers['set-cookie']).toBeUndefined();
  });
});

describe('A locked account', () => {
  it('is shown to admins, who unlock it, which is audited', async () => {
    const { host, user, adminToken: token } = await workspace();
    const read = () =>
      service.call<{ lockedUntil: string | null }>('GET', `/auth/users/${user.userId}`, { token });
    expect((await read()).data.lockedUntil).toBeNull();
    await failTimes(6, host, user.email);
    expect(Date.parse((await read()).data.lockedUntil ?? '')).toBeGreaterThan(Date.now());
    const unlock = () => other.call('POST', `/auth/users/${user.userId}/unlock`, { token });
    expect(await unlock()).toMatchObject({ status: 200, data: { lockedUntil: null } });
    expect((await read()).data.lockedUntil).toBeNull();
    expect((await unlock()).status).toBe(200);
    expect((await logIn(host, user.email, user.password)).status).toBe(200);
    expect(await lockEntries(token, 'account.unlocked')).toHaveLength(1);
  });

  it('is unlocked by a reset of its password, which is audited', async () => {
    const { host, user, adminToken: token } = await workspace();
    await failTimes(6, host, user.email);
    const { data } = await resetPassword(token, user.userId);
    const answer = await logIn(host, user.email, data.temporaryPassword);
    expect(answer.error.code).toBe('PASSWORD_CHANGE_REQUIRED');
    expect(await lockEntries(token, 'account.unlocked')).toHaveLength(1);
  });

  it.each(['unlock', 'reset-password'])('stays locked if the commit of %s fails', async (route) => {
    const { host, tenantId, user, adminToken: token } = await workspace();
    await failTimes(6, host, user.email);
    await failCommitsOf(service, tenantId, 'account.unlocked');
    const answer = await service.call('POST', `/auth/users/${user.userId}/${route}`, { token });
    expect(answer.status).toBe(500);
    expect((await logIn(host, user.email, user.password)).status).toBe(401);
    expect(await lockEntries(token, 'account.unlocked')).toEqual([]);
  });

  it('names its lock in the audit log as the reason of a refused log-in', async () => {
    const { host, user, adminToken } = await workspace();
    await failTimes(6, host, user.email);
    await logIn(host, user.email, user.password);
    const entries = await lockEntries(adminToken, 'login.failed');
    expect(JSON.stringify(entries)).toContain('account_locked');
  });
});

describe('The count of failures', () => {
  it.each(['unlock', 'reset-password'])('is reset by %s', async (route) => {
    const { host, user, adminToken: token } = await workspace();
    await failTimes(5, host, user.email);
    await service.call('POST', `/auth/users/${user.userId}/${route}`, { token });
    await failTimes(5, host, user.email);
    expect(await lockEntries(token, 'account.locked')).toEqual([]);
    await failTimes(1, host, user.email);
    expect(await lockEntries(token, 'account.locked')).toHaveLength(1);
    expect(await lockEntries(token, 'account.unlocked')).toEqual([]);
  });
});
