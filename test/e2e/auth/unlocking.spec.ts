import { redisUrl, startRedis } from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RedisConnection } from '../../../apps/auth-service/src/redis/redis.connection.js';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import { auditLogOn } from '../audit/audit.fixture.js';
import { GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

const WRONG = 'not the password at all';

let service: ServiceFixture;
let redis: Redis;

beforeAll(async () => {
  service = await ServiceFixture.start({ REDIS_URL: redisUrl() });
  redis = service.app.get(RedisConnection, { strict: false }).client as Redis;
  await vi.waitFor(() => expect(redis.status).toBe('ready'));
});

afterEach(() => vi.restoreAllMocks());

afterAll(() => service?.stop());

const logIn = (host: string, email: string, password: string) =>
  service.call<Login>('POST', '/auth/login', { host, body: { email, password } });

/** A user whom six failed log-ins have locked, and what an admin of the tenant can do for them. */
async function lockedUser(role: 'user' | 'admin' = 'user') {
  const { host, tenantId, subdomain } = await service.tenant();
  const user = await service.user(tenantId, { role });
  const helper = await service.user(tenantId, { role: 'manager' });
  const { accessToken: token } = (await service.login(host, helper)).tokens;
  for (let done = 0; done < 6; done += 1) await logIn(host, user.email, WRONG);
  const outcome = async (password = user.password) => {
    const { status, error } = await logIn(host, user.email, password);
    return status < 400 ? `${status}` : error.code;
  };
  const post = (route: string) =>
    service.call<{ temporaryPassword: string }>('POST', `/auth/users/${user.userId}/${route}`, {
      token,
    });
  const unlockedEntries = async () =>
    (
      await service.sql(
        `SELECT FROM security_events WHERE tenant_id = $1 AND type = 'account.unlocked'`,
        [tenantId],
      )
    ).length;
  return { host, tenantId, subdomain, user, outcome, post, unlockedEntries };
}

/** From now on, Redis refuses the scripts about locks whose text contains this. */
function failScripts(containing: string): void {
  const evaluate = redis.eval.bind(redis) as (...args: unknown[]) => Promise<unknown>;
  vi.spyOn(redis, 'eval').mockImplementation((...args: unknown[]) =>
    String(args[2]).includes('account_locked') && String(args[0]).includes(containing)
      ? Promise.reject(new Error('Redis is away'))
      : evaluate(...args),
  );
}

describe('The unlocking of an account', () => {
  it('answers 503 and changes nothing while Redis does not say whether the account is locked', async () => {
    const { outcome, post, unlockedEntries } = await lockedUser();
    failScripts('');
    const refused = await post('unlock');
    expect([refused.status, refused.error.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    vi.restoreAllMocks();
    expect([await outcome(), await unlockedEntries()]).toEqual(['INVALID_CREDENTIALS', 0]);
    expect((await post('unlock')).status).toBe(200);
    expect([await outcome(), await unlockedEntries()]).toEqual(['200', 1]);
  });

  it('answers 503 if Redis fails in between, and works when it is repeated', async () => {
    const { outcome, post } = await lockedUser();
    failScripts('unlocked:');
    expect((await post('unlock')).status).toBe(503);
    vi.restoreAllMocks();
    expect(await outcome()).toBe('INVALID_CREDENTIALS');
    expect((await post('unlock')).status).toBe(200);
    expect(await outcome()).toBe('200');
  });
});

describe('A reset of the password', () => {
  it('by an admin does not depend on Redis, which then keeps the lock', async () => {
    const { outcome, post, unlockedEntries } = await lockedUser();
    failScripts('');
    const { status, data } = await post('reset-password');
    expect(status).toBe(200);
    vi.restoreAllMocks();
    const { temporaryPassword } = data;
    expect(await outcome(temporaryPassword)).toBe('INVALID_CREDENTIALS');
    expect(await unlockedEntries()).toBe(0);
    expect((await post('unlock')).status).toBe(200);
    expect(await outcome(temporaryPassword)).toBe('PASSWORD_CHANGE_REQUIRED');
  });

  it('by the command line unlocks the account on running instances, which is audited', async () => {
    const { host, subdomain, user, unlockedEntries } = await lockedUser('admin');
    const cli = cliOn(service.database, { REDIS_URL: redisUrl() });
    const args = ['tenants', 'reset-password', subdomain, '--email', user.email, '--json'];
    const { code, err, json } = await cli(...args);
    expect([code, err]).toEqual([0, '']);
    const reset = json() as { temporaryPassword: string; unlocked: boolean };
    expect(reset.unlocked).toBe(true);
    expect(await unlockedEntries()).toBe(1);
    const body = {
      email: user.email,
      currentPassword: reset.temporaryPassword,
      newPassword: GOOD_PASSWORD,
    };
    const renewed = await service.call<Login>('POST', '/auth/password/renew', { host, body });
    expect(renewed.status).toBe(200);
    const { accessToken: token } = renewed.data.tokens;
    const [entry] = await auditLogOn(service, token, { type: 'account.unlocked' });
    expect(entry).toMatchObject({ actorKind: 'operator', targetId: user.userId });
  });

  it.each([
    ['without REDIS_URL', {}, 'REDIS_URL is not set.'],
    ['with a Redis that is away', { REDIS_URL: 'redis://127.0.0.1:1' }, 'Redis is unreachable: '],
  ])('by the command line %s says that the account may stay locked', async (_how, env, problem) => {
    const { subdomain, user, outcome } = await lockedUser('admin');
    const args = ['tenants', 'reset-password', subdomain, '--email', user.email, '--json'];
    const { code, err, json } = await cliOn(service.database, env)(...args);
    expect(code).toBe(0);
    expect(err).toContain(problem);
    expect(err).toContain('/unlock-user');
    const reset = json() as { temporaryPassword: string; unlocked: boolean };
    expect(reset.unlocked).toBe(false);
    expect(await outcome(reset.temporaryPassword)).toBe('INVALID_CREDENTIALS');
  });

  it.each<[string, (server: Redis) => Promise<unknown>, number]>([
    ['is read-only', (server) => server.replicaof('127.0.0.1', 1), 1],
    ['refuses scripts', (server) => server.call('ACL', 'SETUSER', 'default', '-eval'), 0],
  ])('by the command line claims no unlock while Redis %s', async (_what, restrict, entries) => {
    const { tenantId, subdomain, user, unlockedEntries } = await lockedUser('admin');
    const server = await startRedis();
    const admin = new Redis(server.url);
    try {
      const lock = `poc-tracker:account_locked:{${tenantId}}:${user.userId}`;
      await admin.set(lock, 'locked:1', 'EX', 900);
      await restrict(admin);
      const cli = cliOn(service.database, { REDIS_URL: server.url });
      const args = ['tenants', 'reset-password', subdomain, '--email', user.email, '--json'];
      const { code, err, json } = await cli(...args);
      expect([code, json()]).toMatchObject([0, { unlocked: false }]);
      expect(err).toContain('Redis does not confirm the unlock.');
      expect(err).toContain('/unlock-user');
      expect([await unlockedEntries(), await admin.get(lock)]).toEqual([entries, 'locked:1']);
    } finally {
      admin.disconnect();
      await server.stop();
    }
  });
});
