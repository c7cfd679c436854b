import {
  createTestDatabase,
  redisUrl,
  seedTenant,
  seedUser,
  type TestDatabase,
} from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliOn } from '../cli.fixture.js';

let database: TestDatabase;
let redis: Redis;
let list: string;
let sessionId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  redis = new Redis(redisUrl());
  const { tenantId } = await seedTenant(database);
  const { userId } = await seedUser(database, tenantId);
  const [session] = await database.sql<{ id: string }>(
    `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
     VALUES ($1, $2, sha256('x'), 'x', now() + interval '1 hour') RETURNING id`,
    [tenantId, userId],
  );
  sessionId = session?.id ?? '';
  list = `poc-tracker:tenant_sessions:{${tenantId}}`;
});

afterAll(async () => {
  await redis.quit();
  await database.drop();
});

describe('sessions rebuild-index', () => {
  it('writes the sessions of PostgreSQL to Redis and removes those that it does not know', async () => {
    const cli = cliOn(database, { REDIS_URL: redisUrl() });
    const unknown = '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718';
    await redis.zadd(list, Date.now() + 60_000, unknown);
    const { code, out, err } = await cli('sessions', 'rebuild-index');
    expect([code, out, err]).toEqual([0, 'The mirror of sessions is complete.\n', '']);
    expect(await redis.zrange(list, '0', '-1')).toEqual([sessionId]);
    await redis.del(list);
    expect((await cli('sessions', 'rebuild-index', '--json')).json()).toEqual({ complete: true });
    expect(await redis.zrange(list, '0', '-1')).toEqual([sessionId]);
  });

  it('names what is missing if there is no Redis', async () => {
    expect(await cliOn(database)('sessions', 'rebuild-index')).toMatchObject({
      code: 2,
      err: 'REDIS_URL is not set.\n',
    });
    const run = await cliOn(database, { REDIS_URL: 'redis://127.0.0.1:1' })(
      'sessions',
      'rebuild-index',
    );
    expect([run.code, run.err]).toEqual([2, expect.stringContaining('Redis is unreachable')]);
  });
});
