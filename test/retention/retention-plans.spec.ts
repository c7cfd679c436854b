import { randomUUID } from 'node:crypto';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  BATCH,
  type PrunedData,
  RetentionRepository,
} from '../../apps/auth-service/src/retention/retention.repository.js';
import { RevocationPruningRepository } from '../../apps/auth-service/src/session/pruning/revocation-pruning.repository.js';
import type { PlatformDatabase } from '@poc-tracker/tenancy';
import { ageAnnouncements, daysAgo, db, platform, useRetention } from './retention.fixture.js';

useRetention();

/** Far more than a batch, of several tenants, so that an index pays. `RETENTION_ROWS=200000` for a measurement. */
const TENANTS = 20;
const ROWS = Number(process.env['RETENTION_ROWS'] ?? 20_000) / TENANTS;

const TABLES = [
  'audit_chain',
  'audit_log',
  'security_events',
  'session_changes',
  'usage_events',
  'user_sessions',
];

/** Rows that end within the last two years, a third of them revoked sessions, inserted without triggers. */
const SEED = [
  `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, created_at, last_used_at, expires_at,
                              is_active, revoked_at)
   SELECT t, u, sha256(gen_random_uuid()::text::bytea), '\\x00', at - interval '1 day', at - interval '1 day', at, n % 3 > 0,
          CASE WHEN n % 3 = 0 THEN at END
     FROM unnest($1::uuid[], $2::uuid[]) AS owner (t, u), generate_series(1, $3::int) n,
          LATERAL (SELECT now() - n * interval '700 days' / $3) a (at)`,
  `INSERT INTO session_changes (tenant_id, session_id, user_id, generation, window_generation, previous_generation,
                                last_accessed_at, ends_at)
   SELECT t, gen_random_uuid(), u, 0, 0, 0, now(), now() + (n - $3::int / 2) * interval '1 minute'
     FROM unnest($1::uuid[], $2::uuid[]) AS owner (t, u), generate_series(1, $3::int) n`,
  `INSERT INTO usage_events (tenant_id, resource, level, used, allowed, created_at)
   SELECT t, (ARRAY['users', 'pocs', 'storage'])[1 + n % 3], (ARRAY['warning', 'reached'])[1 + n % 2], 9, 10,
          now() - n * interval '700 days' / $3
     FROM unnest($1::uuid[]) t, generate_series($3::int, 1, -1) n WHERE $2::uuid[] IS NOT NULL`,
  `INSERT INTO security_events (tenant_id, type, result, actor_kind, occurred_at)
   SELECT t, 'login.succeeded', 'success', 'user', now() - n * interval '700 days' / $3
     FROM unnest($1::uuid[]) t, generate_series(1, $3::int, 2) n WHERE $2::uuid[] IS NOT NULL`,
  `INSERT INTO audit_log (tenant_id, table_name, operation, "timestamp")
   SELECT t, 'users', 'UPDATE', now() - n * interval '700 days' / $3
     FROM unnest($1::uuid[]) t, generate_series(2, $3::int, 2) n WHERE $2::uuid[] IS NOT NULL`,
  `INSERT INTO audit_chain (tenant_id, position, entry_table, entry_id, entry_hash, previous_hash, hash, chained_at)
   SELECT tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY at), kind, id, h, h, h, at
     FROM (SELECT tenant_id, id, occurred_at AS at, 'security_events' AS kind FROM security_events
            WHERE type = 'login.succeeded'
           UNION ALL
           SELECT tenant_id, id, "timestamp", 'audit_log' FROM audit_log WHERE operation = 'UPDATE') e, sha256('') h
    WHERE $2::uuid[] IS NOT NULL AND $3::int > 0 AND tenant_id = ANY ($1)`,
];

let tenantIds: string[];

beforeAll(async () => {
  const owners = await Promise.all(
    Array.from({ length: TENANTS }, async () => {
      const { tenantId } = await seedTenant(db.database);
      return seedUser(db.database, tenantId);
    }),
  );
  tenantIds = owners.map(({ tenantId }) => tenantId);
  const client = await db.admin.connect();
  await client.query('SET session_replication_role = replica');
  for (const sql of SEED)
    await client.query(sql, [tenantIds, owners.map(({ userId }) => userId), ROWS]);
  await client.query('ANALYZE');
  client.release(true);
}, 120_000);

/** Runs the work in one transaction. @returns the tables that it read from end to end, and its result. */
async function scanning<T>(
  work: (database: PlatformDatabase) => Promise<T>,
): Promise<{ scanned: { name: string }[]; result: T; ms: number }> {
  return platform.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
    const scans = () =>
      transaction.query<{ name: string; count: number }>(
        `SELECT relname::text AS name, seq_scan::int AS count FROM pg_stat_xact_user_tables
          WHERE relname = ANY ($1) ORDER BY 1`,
        [TABLES],
      );
    const before = await scans();
    const startedAt = performance.now();
    const result = await work(transaction as unknown as PlatformDatabase);
    const ms = performance.now() - startedAt;
    const after = await scans();
    return {
      scanned: after.filter(({ count }, index) => count !== before[index]?.count),
      result,
      ms,
    };
  });
}

describe('A batch of the retention job', () => {
  it.each(['sessions', 'usage', 'audit'] as const)(
    'finds what is due without reading a whole table: %s',
    async (data: PrunedData) => {
      const before = await daysAgo(400);
      const [tenantId = randomUUID()] = tenantIds;
      const due = await scanning((database) =>
        new RetentionRepository(database).tenantsWith(data, before),
      );
      expect(due.scanned).toEqual([]);
      expect([...due.result].sort()).toEqual([...tenantIds].sort());
      if (data === 'audit') {
        const announced = await scanning((database) =>
          new RetentionRepository(database).announce(tenantId, before),
        );
        expect(announced).toMatchObject({ scanned: [], result: true });
        await ageAnnouncements(12 * 60);
        await db.admin.query(
          `INSERT INTO audit_chain SELECT tenant_id, $2, 'security_events', announced_in, hash, hash, hash, now()
             FROM audit_anchors WHERE tenant_id = $1`,
          [tenantId, ROWS + 1],
        );
      }
      const batch = await scanning((database) =>
        new RetentionRepository(database).prune(data, tenantId, before),
      );
      expect(batch.scanned).toEqual([]);
      expect(batch.result.deleted).toBe(Math.min(BATCH, batch.result.deleted));
      expect(batch.result.deleted).toBeGreaterThan(100);
      if (process.env['RETENTION_ROWS'] !== undefined)
        console.log(data, 'due', due.ms, 'batch', batch.ms, batch.result);
    },
  );

  it('finds what the mirror no longer needs of ended sessions without reading a whole table', async () => {
    const pruned = await scanning((database) =>
      new RevocationPruningRepository(database).pruneSessions(BATCH),
    );
    expect(pruned.result).toBe(BATCH);
    expect(pruned.scanned).toEqual([]);
  });
});
