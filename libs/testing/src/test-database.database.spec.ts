import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedTenant, seedUser } from './seeds.js';
import {
  createEmptyDatabase,
  createTestDatabase,
  redisUrl,
  testCluster,
  type TestDatabase,
} from './test-database.js';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('a test database', () => {
  let db: TestDatabase;

  beforeAll(async () => {
    db = await createTestDatabase();
  });

  afterAll(async () => {
    await db.drop();
  });

  it('has the migrated schema and accepts all three logins', async () => {
    for (const [url, login] of [
      [db.serviceUrl, 'poc_tracker_service'],
      [db.platformUrl, 'poc_tracker_platform'],
      [db.migrationUrl, 'poc_tracker_owner'],
    ] as const) {
      const rows = await query(
        url,
        'SELECT current_user::text AS login, to_regclass($$tenants$$)::text AS tenants',
      );
      expect(rows).toEqual([{ login, tenants: 'tenants' }]);
    }
  });

  it('stores a seeded tenant and its user, which another test database does not see', async () => {
    const { tenantId, subdomain } = await seedTenant(db);
    const { userId } = await seedUser(db, tenantId, { role: 'admin' });
    expect(await query(db.adminUrl, 'SELECT subdomain FROM tenants')).toEqual([{ subdomain }]);
    expect(await query(db.adminUrl, 'SELECT id FROM users')).toEqual([{ id: userId }]);
    const other = await createTestDatabase();
    expect(await query(other.adminUrl, 'SELECT id FROM users')).toEqual([]);
    await other.drop();
  });

  it('can be created many times at once', async () => {
    const databases = await Promise.all(Array.from({ length: 8 }, () => createTestDatabase()));
    expect(new Set(databases.map(({ name }) => name)).size).toBe(8);
    await Promise.all(databases.map((database) => database.drop()));
  });

  it('is deleted by drop(), even while a connection is open', async () => {
    const short = await createEmptyDatabase();
    const client = new pg.Client({ connectionString: short.serviceUrl });
    client.on('error', () => undefined);
    await client.connect();
    await short.drop();
    const rows = await query(
      testCluster().adminUrl,
      `SELECT 1 FROM pg_database WHERE datname = '${short.name}'`,
    );
    expect(rows).toEqual([]);
  });

  it('has no tables if it was requested empty', async () => {
    const empty = await createEmptyDatabase();
    const rows = await query(
      empty.migrationUrl,
      `SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
    );
    expect(rows).toEqual([]);
    await empty.drop();
  });

  it('refuses every login except its own three', async () => {
    await query(db.adminUrl, `CREATE ROLE stranger_${db.name} LOGIN PASSWORD 'stranger'`);
    const url = new URL(db.adminUrl);
    url.username = `stranger_${db.name}`;
    url.password = 'stranger';
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow(/permission denied for database/);
    await query(db.adminUrl, `DROP ROLE stranger_${db.name}`);
  });
});

describe('redisUrl', () => {
  it('names a server that answers', async () => {
    const { Redis } = await import('ioredis');
    const redis = new Redis(redisUrl());
    expect(await redis.ping()).toBe('PONG');
    await redis.quit();
  });
});
