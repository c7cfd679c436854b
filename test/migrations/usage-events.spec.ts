import { seedTenant, seedUser } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { toApiError } from '../../apps/auth-service/src/constraint-codes.js';
import {
  HASH,
  INSERT_FILE,
  INSERT_POC,
  INSERT_USER,
  NO_DRIFT,
  refusal,
  useServiceDatabase,
} from './service-database.js';

const db = useServiceDatabase();

async function deleteUser(tenantId: string): Promise<void> {
  await db.statement(
    { tenantId, role: 'admin' },
    `DELETE FROM users WHERE id = (SELECT max(id::text)::uuid FROM users WHERE role = 'user')`,
  );
}

/** `resource level used/allowed` of each event, in the order in which they were inserted. */
async function events(tenantId: string): Promise<string[]> {
  const { rows } = await db.admin.query<{ event: string }>(
    `SELECT format('%s %s %s/%s', resource, level, used, allowed) AS event
       FROM usage_events WHERE tenant_id = $1 ORDER BY created_at, used, level DESC`,
    [tenantId],
  );
  return rows.map(({ event }) => event);
}

async function setLimit(tenantId: string, column: string, limit: number): Promise<void> {
  await db.operators.query(`UPDATE tenants SET ${column} = $2 WHERE id = $1`, [tenantId, limit]);
}

describe('A usage event', () => {
  it('is inserted once at 80 % and once at 100 % of a limit, and again only after usage fell below', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 5 });
    for (let n = 0; n < 5; n += 1) await db.register(tenantId);
    const once = ['users warning 4/5', 'users reached 5/5'];
    expect(await events(tenantId)).toEqual(once);
    await deleteUser(tenantId);
    await db.register(tenantId);
    expect(await events(tenantId)).toEqual([...once, 'users reached 5/5']);
    await deleteUser(tenantId);
    await deleteUser(tenantId);
    await db.register(tenantId);
    expect(await events(tenantId)).toEqual([...once, 'users reached 5/5', 'users warning 4/5']);
  });

  it('is not inserted by an insert that is rolled back or refused', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 1 });
    await expect(
      db.within({ tenantId, role: 'admin' }, async (client) => {
        await client.query(INSERT_USER, [tenantId, 'rolled-back@example.com', HASH]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await events(tenantId)).toEqual([]);
    await db.register(tenantId);
    const both = await events(tenantId);
    expect(both).toEqual(['users warning 1/1', 'users reached 1/1']);
    await expect(db.register(tenantId)).rejects.toEqual(refusal('23514', 'tenant_user_limit'));
    expect(await events(tenantId)).toEqual(both);
  });

  it('is inserted once for each threshold when many users register at the same time', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 10 });
    await Promise.allSettled(Array.from({ length: 20 }, () => db.register(tenantId)));
    expect(await events(tenantId)).toEqual(['users warning 8/10', 'users reached 10/10']);
  });

  it('is inserted for the largest storage limit, and when a file grows', async () => {
    const max = 2 ** 31 - 1;
    const { tenantId } = await seedTenant(db.database, { maxStorageGb: max });
    const { userId } = await seedUser(db.database, tenantId);
    const context = { tenantId, userId, role: 'admin', login: 'tracker' as const };
    const { rows } = await db.statement(context, INSERT_POC, [tenantId, 'large', userId]);
    const bytes = BigInt(max) * 2n ** 30n;
    await db.statement(context, INSERT_FILE, [tenantId, rows[0]?.['id'], 'a', 1, userId]);
    expect(await events(tenantId)).toEqual([]);
    await db.operators.query('UPDATE poc_files SET file_size = $1', [String(bytes)]);
    expect(await events(tenantId)).toEqual([
      `storage warning ${bytes}/${bytes}`,
      `storage reached ${bytes}/${bytes}`,
    ]);
  });

  it('is recorded as a security event with its actor', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 2 });
    const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
    const context = { tenantId, userId, role: 'admin' };
    await db.statement(context, INSERT_USER, [tenantId, 'second@example.com', HASH]);
    const { rows } = await db.statement(
      context,
      `SELECT type, actor_id, actor_kind, target_id, details FROM security_events WHERE type LIKE 'limit.%' ORDER BY 1`,
    );
    const event = {
      actor_id: userId,
      actor_kind: 'user',
      target_id: 'users',
      details: { used: 2, allowed: 2 },
    };
    expect(rows).toEqual([
      { ...event, type: 'limit.reached' },
      { ...event, type: 'limit.warning' },
    ]);
  });

  it('cannot be inserted, updated or deleted by the service, nor deleted by operators', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 1 });
    await db.register(tenantId);
    const context = { tenantId, role: 'admin' };
    for (const sql of [
      `INSERT INTO usage_events (tenant_id, resource, level, used, allowed) VALUES ('${tenantId}', 'users', 'reached', 1, 1)`,
      'UPDATE usage_events SET used = 0',
      'DELETE FROM usage_events',
      `SELECT record_usage_events('${tenantId}', 'users', 0, 1, 1, 1)`,
      `SELECT add_tenant_usage('${tenantId}', 1, 0, 0)`,
      `SELECT repair_tenant_usage('${tenantId}')`,
    ]) {
      await expect(db.statement(context, sql), sql).rejects.toEqual(refusal('42501'));
    }
    await expect(db.operators.query('DELETE FROM usage_events')).rejects.toEqual(refusal('42501'));
  });
});

describe('A limit below the current usage', () => {
  it('is accepted, deletes nothing, refuses growth with usage and limit in the error, and lets usage shrink', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 10 });
    for (let n = 0; n < 4; n += 1) await db.register(tenantId);
    await setLimit(tenantId, 'max_users', 2);
    expect(await events(tenantId)).toEqual(['users warning 4/2', 'users reached 4/2']);
    const refused = await db.register(tenantId).catch((error: unknown) => error);
    expect(toApiError(refused)).toMatchObject({
      code: 'USER_LIMIT_EXCEEDED',
      details: {
        limits: { maxUsers: 2, maxPocs: 100, maxStorageGb: 5 },
        usage: { users: 4, pocs: 0, storageGb: 0 },
      },
    });
    await deleteUser(tenantId);
    await expect(db.register(tenantId)).rejects.toEqual(refusal('23514', 'tenant_user_limit'));
    expect(await db.usageDrift(tenantId)).toEqual(NO_DRIFT);
    await setLimit(tenantId, 'max_users', 4);
    await db.register(tenantId);
  });

  it('applies to a registration that was waiting while it was lowered', async () => {
    const { tenantId } = await seedTenant(db.database, { maxUsers: 10 });
    await db.register(tenantId);
    const operator = await db.operators.connect();
    try {
      await operator.query('BEGIN');
      await operator.query('UPDATE tenants SET max_users = 1 WHERE id = $1', [tenantId]);
      const waiting = db.register(tenantId).catch((error: unknown) => error);
      await db.waitForLock();
      await operator.query('COMMIT');
      expect(await waiting).toEqual(refusal('23514', 'tenant_user_limit'));
    } finally {
      operator.release();
    }
    expect(await events(tenantId)).toEqual(['users warning 1/1', 'users reached 1/1']);
  });
});
