import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceDatabase } from './service-database.js';

let db: ServiceDatabase;

beforeAll(async () => {
  db = await ServiceDatabase.create();
});

afterAll(async () => {
  await db.drop();
});

describe('the look-ups that come before a context', () => {
  it('find a tenant by subdomain, then by domain, then by id', async () => {
    const domain = `${randomUUID()}.example.com`;
    const bySubdomain = await seedTenant(db.database);
    const byDomain = await seedTenant(db.database, { branding: { custom_domain: domain } });
    const byId = await seedTenant(db.database);
    const resolve = async (...params: unknown[]): Promise<unknown> =>
      (
        await db.pool.query<{ id: string }>('SELECT id FROM resolve_tenant($1, $2, $3)', params)
      ).rows.map((row) => row.id);
    expect(await resolve(byId.tenantId, bySubdomain.subdomain, domain)).toEqual([
      bySubdomain.tenantId,
    ]);
    expect(await resolve(byId.tenantId, null, domain.toUpperCase())).toEqual([byDomain.tenantId]);
    expect(await resolve(byId.tenantId, null, null)).toEqual([byId.tenantId]);
    expect(await resolve(randomUUID(), 'nobody', 'nowhere.example.com')).toEqual([]);
    await db.admin.query('UPDATE tenants SET deleted_at = now() WHERE id = $1', [byId.tenantId]);
    const { rows } = await db.pool.query('SELECT status FROM resolve_tenant($1, NULL, NULL)', [
      byId.tenantId,
    ]);
    expect(rows).toEqual([{ status: 'canceled' }]);
  });

  it('tell what a session is worth, for its own tenant and user only', async () => {
    const { tenantId, subdomain } = await seedTenant(db.database);
    const { userId } = await seedUser(db.database, tenantId, {
      role: 'manager',
      permissions: ['view_usage'],
    });
    const other = await seedUser(db.database, tenantId);
    const { rows: sessions } = await db.statement(
      { tenantId, userId, role: 'manager' },
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, sha256('session'), '\\x00', now() + interval '1 day') RETURNING id`,
      [tenantId, userId],
    );
    const standing = async (...params: unknown[]): Promise<unknown> =>
      (await db.pool.query('SELECT * FROM session_standing($1, $2, $3)', params)).rows;
    const session = sessions[0]?.['id'];
    expect(await standing(tenantId, userId, session)).toEqual([
      expect.objectContaining({
        session_active: true,
        user_status: 'active',
        user_role: 'manager',
        permissions: ['view_usage'],
        id: tenantId,
        subdomain,
        status: 'active',
      }),
    ]);
    const { rows: roles } = await db.admin.query<{ id: string }>(
      `INSERT INTO tenant_roles (tenant_id, name, permissions) VALUES ($1, 'Auditor', '["view_audit"]') RETURNING id`,
      [tenantId],
    );
    await db.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [
      userId,
      roles[0]?.id,
    ]);
    expect(await standing(tenantId, userId, session)).toEqual([
      expect.objectContaining({
        permissions: ['view_usage', 'view_audit'],
        subscription_ends_at: null,
        is_platform: false,
      }),
    ]);
    expect(await standing(tenantId, other.userId, session)).toEqual([]);
    expect(await standing(randomUUID(), userId, session)).toEqual([]);
  });

  it('grant access to active people of active tenants', async () => {
    const { tenantId } = await seedTenant(db.database);
    const suspended = await seedTenant(db.database, { status: 'suspended' });
    const { userId } = await seedUser(db.database, tenantId);
    const inactive = await seedUser(db.database, tenantId, { status: 'inactive' });
    const guest = await seedUser(db.database, suspended.tenantId);
    const access = async (...params: unknown[]): Promise<unknown> =>
      (await db.pool.query<{ ok: boolean }>('SELECT validate_tenant_access($1, $2) AS ok', params))
        .rows[0]?.ok;
    expect(await access(userId, tenantId)).toBe(true);
    expect(await access(inactive.userId, tenantId)).toBe(false);
    expect(await access(guest.userId, suspended.tenantId)).toBe(false);
    expect(await access(userId, suspended.tenantId)).toBe(false);
  });

  it('make ids that are UUIDs of version 7 and grow with time', async () => {
    const { rows } = await db.pool.query<{ id: string }>(
      'SELECT uuid_v7() AS id, pg_sleep(0.002) FROM generate_series(1, 20)',
    );
    const ids = rows.map((row) => row.id);
    expect(
      ids.every((id) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
      ),
    ).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    const stamp = Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(stamp - Date.now())).toBeLessThan(60_000);
  });
});
