import { createHash, randomUUID } from 'node:crypto';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecurityEvents } from '../../../apps/auth-service/src/audit/security-events.js';
import { OperatorsTenantService } from '../../../apps/auth-service/src/platform/operators/operators-tenant.service.js';
import { TenantLifecycleJobs } from '../../../apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.jobs.js';
import { TenantLifecycleService } from '../../../apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.service.js';
import { TenantPurgeRepository } from '../../../apps/auth-service/src/tenant/lifecycle/tenant-purge.repository.js';
import { TenantPurgeService } from '../../../apps/auth-service/src/tenant/lifecycle/tenant-purge.service.js';
import { discoverTenantTables } from '../../isolation/tenant-tables.js';
import { createWorld, type World } from '../../isolation/world.js';
import { GOOD_PASSWORD, ServiceFixture } from '../service.fixture.js';

/** Contain ids and times only, until all processes know about the purge, and are emptied automatically. */
const PASSING_TABLES = ['revocation_events', 'session_changes'];

let service: ServiceFixture;
let platform: PlatformDatabase;
let lifecycle: TenantLifecycleService;
let purges: TenantPurgeService;
let world: World;

beforeAll(async () => {
  service = await ServiceFixture.start();
  await service.holdJob('purge-canceled-tenants');
  platform = service.app.get(PlatformDatabase, { strict: false });
  lifecycle = service.app.get(TenantLifecycleService, { strict: false });
  purges = service.app.get(TenantPurgeService, { strict: false });
});

/** Two tenants with a row in every tenant table. */
beforeEach(async () => {
  await world?.admin.end();
  world = await createWorld(service.database);
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(async () => {
  await world?.admin.end();
  await service?.stop();
});

async function rowsOf(admin: pg.Client, tenantId: string): Promise<Record<string, number>> {
  const tables = await discoverTenantTables(admin, new URL(service.database.serviceUrl).username);
  const counts: Record<string, number> = {};
  for (const { name, tenantColumn } of tables) {
    if (PASSING_TABLES.includes(name)) continue;
    const { rows } = await admin.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${name} WHERE ${tenantColumn} = $1`,
      [tenantId],
    );
    counts[name] = rows[0]?.count ?? -1;
  }
  return counts;
}

/** The job that appends to the hash chain runs meanwhile: pending and appended entries are counted together. */
const withEntryTotal = ({
  audit_chain = 0,
  audit_pending = 0,
  ...rest
}: Record<string, number>) => ({
  ...rest,
  auditEntries: audit_chain + audit_pending,
});

const tablesWithRows = async (tenantId: string) =>
  Object.entries(await rowsOf(world.admin, tenantId))
    .filter(([, count]) => count > 0)
    .map(([name]) => name);

/** Cancels a tenant and begins its purge, as an operator does. */
async function begin(tenantId: string, reason = 'asked for') {
  const change = { tenantId, operatorId: randomUUID(), reason };
  const [tenant] = await service.sql<{ subdomain: string }>(
    'SELECT subdomain FROM tenants WHERE id = $1',
    [tenantId],
  );
  const confirmSubdomain = tenant?.subdomain ?? '';
  await platform.transaction(change, async (transaction) => {
    await lifecycle.transition(transaction, 'cancel', change);
    await lifecycle.beginPurge(transaction, { ...change, confirmSubdomain });
  });
}

const tombstone = async (tenantId: string) => {
  const [row] = await service.sql<Record<string, unknown>>(
    'SELECT reason, requested_by, finished_at, files_deleted_at FROM purged_tenants WHERE purged_tenant = $1',
    [tenantId],
  );
  return row;
};

describe('A purge', () => {
  it('deletes every row of the tenant from every tenant table and no row of other tenants', async () => {
    const { victim, attacker, tables } = world;
    const other = await rowsOf(world.admin, attacker.id);
    // A table without a row would prove nothing below.
    expect((await tablesWithRows(victim.id)).length).toBe(
      tables.filter(({ name }) => !PASSING_TABLES.includes(name)).length,
    );
    await begin(victim.id);
    await purges.purge(victim.id);
    expect(await tablesWithRows(victim.id)).toEqual([]);
    expect(withEntryTotal(await rowsOf(world.admin, attacker.id))).toEqual(withEntryTotal(other));
    expect(await tombstone(victim.id)).toMatchObject({
      reason: 'asked for',
      finished_at: expect.any(Date) as Date,
      files_deleted_at: null,
    });
  });

  it('is recorded with its reason in the audit log of the platform, which outlives the tenant', async () => {
    const { tenantId } = await service.tenant();
    const operators = service.app.get(OperatorsTenantService, { strict: false });
    const platformTenantId = await operators.ensure({ operatorId: null });
    await begin(tenantId, 'asked for by letter');
    await purges.purge(tenantId);
    const recorded = await service.sql(
      'SELECT type, result, actor_kind, details FROM security_events WHERE tenant_id = $1 AND target_id = $2',
      [platformTenantId, tenantId],
    );
    expect(recorded).toEqual([
      {
        type: 'tenant.purged',
        result: 'success',
        actor_kind: 'operator',
        details: { reason: 'asked for by letter' },
      },
    ]);
  });

  it('deletes nothing before it has begun', async () => {
    const { id } = world.victim;
    const before = withEntryTotal(await rowsOf(world.admin, id));
    await purges.purge(id);
    for (const call of [
      'SELECT keep_log_ins($1, sha256($2))',
      'SELECT keep_access_records($1, sha256($2), 9)',
      `SELECT purge_audit_log($1, 'audit_log', 9) WHERE $2 <> ''`,
      `SELECT purge_rows($1, 'users', 9) WHERE $2 <> ''`,
    ])
      await platform.query(call, [id, 'key']);
    expect(withEntryTotal(await rowsOf(world.admin, id))).toEqual(before);
    await expect(
      service.sql('DELETE FROM audit_log WHERE tenant_id = $1', [id]),
    ).rejects.toMatchObject({ constraint: 'audit_log_append_only' });
  });

  it('that is interrupted at any point resumes there', async () => {
    const { id } = world.victim;
    await begin(id);
    const events = service.app.get(SecurityEvents, { strict: false });
    let allowed = 0;
    let kills = 0;
    for (let finished = false; !finished; allowed += 1) {
      let left = allowed;
      // If a process dies in a transaction, PostgreSQL rolls it back.
      const transaction: PlatformDatabase['transaction'] = (context, work) =>
        platform.transaction(context, async (transaction) => {
          const result = await work(transaction);
          left -= 1;
          if (left < 0) throw new Error('killed');
          return result;
        });
      const dying = Object.assign(Object.create(platform) as PlatformDatabase, { transaction });
      finished = await new TenantPurgeService(dying, new TenantPurgeRepository(dying), events)
        .purge(id)
        .then(
          () => true,
          (error: Error) => {
            expect(error.message).toBe('killed');
            kills += 1;
            return false;
          },
        );
    }
    expect(kills).toBeGreaterThan(5);
    expect(await tablesWithRows(id)).toEqual([]);
    const [records] = await service.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM access_records WHERE purged_tenant = $1',
      [id],
    );
    expect(records?.count).toBe(1);
  });

  it('can run twice, at once or again', async () => {
    const { id } = world.victim;
    await begin(id);
    await begin(id).catch(() => undefined);
    await Promise.all([purges.purge(id), purges.purge(id), purges.purgeAll()]);
    await purges.purge(id);
    expect(await tablesWithRows(id)).toEqual([]);
  });

  it('fails without finishing when a table was not covered, and names that table', async () => {
    const { id } = world.victim;
    await service.sql(
      `CREATE TABLE forgotten (tenant_id uuid NOT NULL);
       GRANT SELECT ON forgotten TO super_admin; INSERT INTO forgotten VALUES ('${id}')`,
    );
    try {
      await begin(id);
      await expect(purges.purge(id)).rejects.toThrow(/forgotten/);
      expect(await tombstone(id)).toMatchObject({ finished_at: null });
      await expect(purges.purgeAll()).rejects.toThrow(/1 of 1 failed: .*forgotten/);
    } finally {
      await service.sql('DROP TABLE forgotten');
    }
    await purges.purgeAll();
    expect(await tombstone(id)).toMatchObject({ finished_at: expect.any(Date) as Date });
  });

  it('releases the subdomain', async () => {
    const tenant = await service.tenant();
    await begin(tenant.tenantId);
    await purges.purge(tenant.tenantId);
    const answer = await service.call('POST', '/tenants', {
      host: 'poctracker.com',
      body: {
        name: 'Again',
        subdomain: tenant.subdomain,
        adminEmail: 'ana@again.example',
        adminPassword: GOOD_PASSWORD,
      },
    });
    expect(answer.status).toBe(201);
  });

  it('tells file services which tenant to delete until they have done so', async () => {
    const { id } = world.victim;
    const waiting = async () =>
      (await platform.query<{ tenant: string }>('SELECT * FROM purged_tenants_with_files()')).map(
        ({ tenant }) => tenant,
      );
    await begin(id);
    expect(await waiting()).not.toContain(id);
    await purges.purge(id);
    expect(await waiting()).toContain(id);
    await platform.query('SELECT confirm_files_deleted($1)', [id]);
    expect(await waiting()).not.toContain(id);
    expect(await tombstone(id)).toMatchObject({ files_deleted_at: expect.any(Date) as Date });
  });

  it('starts by itself when a canceled tenant can no longer be restored, and not before', async () => {
    const jobs = service.app.get(TenantLifecycleJobs, { strict: false });
    const { tenantId } = await service.tenant();
    const suspended = await service.tenant({ status: 'suspended' });
    const change = { tenantId, operatorId: null, reason: 'asked for' };
    await platform.transaction(change, (transaction) =>
      lifecycle.transition(transaction, 'cancel', change),
    );
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
    await jobs.purgeOverdue(inDays(29.9));
    expect(await tombstone(tenantId)).toBeUndefined();
    await jobs.purgeOverdue(inDays(30.1));
    expect(await tablesWithRows(tenantId)).toEqual([]);
    expect(await tombstone(tenantId)).toMatchObject({ requested_by: null });
    expect(await tombstone(suspended.tenantId)).toBeUndefined();
  });
});

describe('The scheduled purge', () => {
  const canceledDaysAgo = async (days: number) => {
    const { tenantId } = await service.tenant();
    await cancelAnew(tenantId);
    await service.sql(
      'UPDATE tenants SET deleted_at = now() - make_interval(days => $2) WHERE id = $1',
      [tenantId, days],
    );
    return tenantId;
  };

  const cancelAnew = (tenantId: string) => {
    const change = { tenantId, operatorId: null, reason: 'asked for' };
    return platform.transaction(change, (transaction) =>
      lifecycle.transition(transaction, 'cancel', change),
    );
  };

  const run = () =>
    service.app.get(TenantLifecycleJobs, { strict: false }).purgeOverdue(new Date());

  it('skips a tenant that is restored at that moment and canceled again', async () => {
    const tenantId = await canceledDaysAgo(31);
    const query = platform.query.bind(platform);
    vi.spyOn(platform, 'query').mockImplementationOnce(async (sql, params) => {
      const overdue = await query(sql, params);
      await service.sql(`UPDATE tenants SET status = 'active' WHERE id = $1`, [tenantId]);
      await cancelAnew(tenantId);
      return overdue;
    });
    await run();
    expect(await tombstone(tenantId)).toBeUndefined();
  });

  it('purges the other tenants although one fails', async () => {
    const [first, second] = [await canceledDaysAgo(40), await canceledDaysAgo(31)];
    vi.spyOn(lifecycle, 'beginOverduePurge').mockRejectedValueOnce(new Error('out of luck'));
    await expect(run()).rejects.toThrow(/failed: out of luck/);
    expect(await tombstone(first)).toBeUndefined();
    expect(await tombstone(second)).toMatchObject({ finished_at: expect.any(Date) as Date });
    await run();
    expect(await tombstone(first)).toMatchObject({ finished_at: expect.any(Date) as Date });
  });
});

describe('The access records of a purged tenant', () => {
  interface AccessRecord {
    pseudonym: Buffer;
    network: string | null;
    accessed_at: Date;
  }

  const recordsOf = (tenantId: string) =>
    platform.query<AccessRecord>('SELECT * FROM access_records_of($1)', [tenantId]);

  it('contain time and network of each log-in under an irreversible pseudonym', async () => {
    const tenant = await service.tenant();
    const [ana, rui] = [await service.user(tenant.tenantId), await service.user(tenant.tenantId)];
    for (const user of [ana, ana, rui]) await service.login(tenant.host, user);
    await service.sql(
      `UPDATE user_sessions SET ip_address = CASE user_id WHEN $2 THEN '203.0.113.77'::inet ELSE '2001:db8:1:2::3'::inet END
        WHERE tenant_id = $1`,
      [tenant.tenantId, ana.userId],
    );
    await begin(tenant.tenantId);
    await purges.purge(tenant.tenantId);
    const records = await recordsOf(tenant.tenantId);
    expect(records.map(({ network }) => network).sort()).toEqual([
      '2001:db8:1::/48',
      '203.0.113.0/24',
      '203.0.113.0/24',
    ]);
    const pseudonyms = new Set(records.map(({ pseudonym }) => pseudonym.toString('hex')));
    expect(pseudonyms.size).toBe(2);
    // A reader who has the user ids from elsewhere must not be able to match them.
    for (const { userId } of [ana, rui]) {
      const bytes = Buffer.from(userId.replaceAll('-', ''), 'hex');
      for (const guess of [bytes, userId])
        expect(pseudonyms).not.toContain(createHash('sha256').update(guess).digest('hex'));
    }
    const stored = JSON.stringify(await service.sql('SELECT * FROM access_records'));
    for (const secret of [ana.userId, rui.userId, ana.email, '203.0.113.77', '2001:db8:1:2'])
      expect(stored).not.toContain(secret);
  });

  it('include users who were deleted before their tenant, once, even if the purge is interrupted', async () => {
    const tenant = await service.tenant();
    const [gone, there] = [
      await service.user(tenant.tenantId),
      await service.user(tenant.tenantId),
    ];
    for (const user of [gone, gone, there]) await service.login(tenant.host, user);
    await service.sql('DELETE FROM users WHERE id = $1', [gone.userId]);
    await begin(tenant.tenantId);
    // The state after a purge that was killed.
    const keepLogIns = 'SELECT keep_log_ins($1, sha256($2))';
    await platform.query(keepLogIns, [tenant.tenantId, 'key']);
    await Promise.all([purges.purge(tenant.tenantId), purges.purge(tenant.tenantId)]);
    const records = await recordsOf(tenant.tenantId);
    expect(records.map(({ network }) => network)).toEqual(Array(3).fill('127.0.0.0/24'));
    const pseudonyms = records.map(({ pseudonym }) => pseudonym.toString('hex'));
    expect(new Set(pseudonyms).size).toBe(2);
    await platform.query(keepLogIns, [tenant.tenantId, 'key']);
    expect(await recordsOf(tenant.tenantId)).toHaveLength(3);
  });

  it('cover six months and are deleted when they are older', async () => {
    const jobs = service.app.get(TenantLifecycleJobs, { strict: false });
    const tenant = await service.tenant();
    const user = await service.user(tenant.tenantId);
    for (let session = 0; session < 2; session += 1) await service.login(tenant.host, user);
    await service.sql(
      `UPDATE user_sessions SET last_used_at = now() - interval '7 months'
        WHERE tenant_id = $1 AND id = (SELECT min(id::text)::uuid FROM user_sessions WHERE tenant_id = $1)`,
      [tenant.tenantId],
    );
    await begin(tenant.tenantId);
    await purges.purge(tenant.tenantId);
    expect(await recordsOf(tenant.tenantId)).toHaveLength(1);
    const at = async (days: number): Promise<number> => {
      const age = `UPDATE access_records SET last_used_at = now() - $2::float8 * interval '1 day' WHERE purged_tenant = $1`;
      await service.sql(age, [tenant.tenantId, days]);
      await jobs.pruneAccessRecords(new Date());
      // The database keeps to the six months, whatever time the job states.
      await jobs.pruneAccessRecords(new Date(Date.now() + 400 * 86_400_000));
      return (await recordsOf(tenant.tenantId)).length;
    };
    expect(await at(179)).toBe(1);
    expect(await at(190)).toBe(0);
  });
});
