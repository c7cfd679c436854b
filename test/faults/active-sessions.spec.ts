import {
  createTestDatabase,
  type StartedRedis,
  startRedis,
  type TestDatabase,
} from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TenantUsageResponse } from '../../apps/auth-service/src/tenant/entitlements/tenant-usage.response.js';
import { ServiceFixture } from '../e2e/service.fixture.js';

let database: TestDatabase;
let server: StartedRedis;
let redis: Redis;
let service: ServiceFixture;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startRedis();
  redis = new Redis(server.url);
  redis.on('error', () => undefined);
  service = await ServiceFixture.start({ REDIS_URL: server.url }, database);
});

afterAll(async () => {
  server?.thaw();
  await service?.stop();
  redis?.disconnect();
  await server?.stop();
});

/** The mirror follows within a second; on a machine that runs other tests it may take longer. */
const SOON = { timeout: 20_000, interval: 50 };

/** A tenant with a session of its admin and two of a manager, who asks; another tenant has a session as well. */
async function tenantWithSessions() {
  const tenant = await service.tenant();
  const admin = await service.user(tenant.tenantId, { role: 'admin' });
  const manager = await service.user(tenant.tenantId, { role: 'manager' });
  await service.login(tenant.host, admin);
  await service.login(tenant.host, manager);
  const { tokens } = await service.login(tenant.host, manager);
  const other = await service.tenant();
  await service.login(other.host, await service.user(other.tenantId));
  const token = tokens.accessToken;
  const count = async (): Promise<number> => {
    const answer = await service.call<TenantUsageResponse>('GET', '/tenants/current/usage', {
      token,
    });
    expect(answer.status, answer.text).toBe(200);
    return answer.data.activeSessions;
  };
  const list = `poc-tracker:tenant_sessions:{${tenant.tenantId}}`;
  return { ...tenant, token, count, list };
}

describe('The number of active sessions of a tenant', () => {
  it('comes from the mirror in Redis, without sessions that have ended', async () => {
    const { count, list, token } = await tenantWithSessions();
    await expect.poll(() => redis.zcard(list), SOON).toBe(3);
    await redis.zadd(list, Date.now() + 60_000, 'only-in-redis', Date.now() - 1, 'ended');
    await expect.poll(count, SOON).toBe(4);
    await redis.zrem(list, 'only-in-redis');
    await service.call('DELETE', '/auth/sessions', { token });
    await expect.poll(count, SOON).toBe(2);
  });

  it('comes from PostgreSQL while the mirror is being built or its writer is late', async () => {
    const { count, list } = await tenantWithSessions();
    await expect.poll(() => redis.zcard(list), SOON).toBe(3);
    await redis.zadd(list, Date.now() + 600_000, 'only-in-redis');
    await expect.poll(count, SOON).toBe(4);
    // Another process holds the lease and writes nothing.
    const [lease = ''] = await redis.keys('poc-tracker:session_mirror:*:writer');
    await redis.set(lease, 'another process', 'PX', 60_000);
    await expect.poll(count, SOON).toBe(3);
    const [cursor = ''] = await redis.keys('poc-tracker:session_mirror:*:cursor');
    await redis.del(cursor);
    expect(await count()).toBe(3);
    await redis.del(lease);
    // The mirror is built again without what PostgreSQL does not know.
    await expect.poll(() => redis.zcard(list), SOON).toBe(3);
  });

  it('comes from PostgreSQL within a second while Redis is frozen, and after it was lost', async () => {
    const { count, list, token } = await tenantWithSessions();
    await expect.poll(() => redis.zcard(list), SOON).toBe(3);
    server.freeze();
    try {
      const startedAt = performance.now();
      expect(await count()).toBe(3);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      await service.call('DELETE', '/auth/sessions', { token });
      expect(await count()).toBe(2);
    } finally {
      server.thaw();
    }
    await server.stop();
    expect(await count()).toBe(2);
  });

  it('is not returned by the database without the permission, or for another tenant', async () => {
    const { tenantId, count } = await tenantWithSessions();
    const pool = new pg.Pool({ connectionString: database.serviceUrl, max: 1 });
    const ask = async (permissions: string[], of = tenantId): Promise<unknown> => {
      await pool.query('BEGIN');
      await pool.query('SELECT set_user_context($1, NULL, $2, $3)', [of, 'viewer', permissions]);
      const { rows } = await pool.query<{ count: number }>(
        'SELECT count_active_sessions() AS count',
      );
      await pool.query('ROLLBACK');
      return rows[0]?.count;
    };
    expect(await ask(['view_usage'])).toBe(await count());
    expect(await ask([])).toBeNull();
    const { tenantId: empty } = await service.tenant();
    expect(await ask(['view_usage'], empty)).toBe(0);
    await pool.end();
  });
});
