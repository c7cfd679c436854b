import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PasswordHasher } from '../../../apps/auth-service/src/protection/passwords/password.hasher.js';
import { cliOn } from '../cli.fixture.js';

describe('the tenants commands', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database.drop();
  });

  const cli = (...argv: string[]) => cliOn(database)('tenants', ...argv);

  async function auditLogOf(tenantId: string): Promise<Record<string, unknown>[]> {
    const rows = await database.sql<Record<string, unknown>>(
      'SELECT type, actor_kind, actor_id, details FROM security_events WHERE tenant_id = $1 ORDER BY id',
      [tenantId],
    );
    return rows;
  }

  it('switch a country policy off, keep its lists, and record that', async () => {
    const { tenantId } = await seedTenant(database, { subdomain: 'abroad' });
    const other = await seedTenant(database);
    const security = { countryPolicy: 'enforce', allowedCountries: ['UY'], sessionTimeout: 8 };
    await database.sql(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value)
       SELECT t, 'security', $2 FROM unnest($1::uuid[]) AS t
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = EXCLUDED.setting_value`,
      [[tenantId, other.tenantId], JSON.stringify(security)],
    );
    expect(await cli('reset-country-policy', 'abroad')).toMatchObject({
      code: 0,
      out: 'The country policy of abroad is off. It was enforce.\n',
    });
    const again = await cli('reset-country-policy', tenantId, '--json');
    expect(again.json()).toEqual({ countryPolicy: 'off', before: 'off' });
    const stored = await database.sql(
      `SELECT tenant_id AS "tenantId", setting_value AS value FROM tenant_settings
        WHERE tenant_id = ANY ($1) AND setting_key = 'security' ORDER BY array_position($1, tenant_id)`,
      [[tenantId, other.tenantId]],
    );
    expect(stored).toEqual([
      { tenantId, value: { ...security, countryPolicy: 'off' } },
      { tenantId: other.tenantId, value: security },
    ]);
    expect(await auditLogOf(tenantId)).toEqual([
      {
        type: 'tenant.settings_changed',
        actor_kind: 'operator',
        actor_id: null,
        details: {
          changed: ['security.countryPolicy'],
          via: 'cli',
          osUser: userInfo().username,
        },
      },
    ]);
  });

  it('list tenants as a table and as JSON, page by page', async () => {
    for (const index of [1, 2, 3]) await seedTenant(database, { subdomain: `list-${index}` });
    const table = await cli('list', '--search', 'list-', '--limit', '2');
    expect(table.out).toMatch(/^id +subdomain +name +plan +status +created\n/);
    const cursor = /More: --cursor (\S+)\n$/.exec(table.out)?.[1] ?? '';
    const rest = await cli('list', '--search', 'list-', '--cursor', cursor, '--json');
    expect(rest.json()).toMatchObject({ items: [{ planType: 'basic' }], nextCursor: null });
    expect(await cli('list', '--limit', '500')).toMatchObject({ code: 2 });
  });

  it('show a tenant by id or subdomain, and record the user of the operating system in its audit log', async () => {
    const { tenantId } = await seedTenant(database, { subdomain: 'shown' });
    for (const name of ['Shown', tenantId.toUpperCase()]) {
      const { code, out } = await cli('show', name);
      expect(code).toBe(0);
      expect(out).toContain(tenantId);
      expect(out).toMatch(/users +0 +10/);
    }
    await cli('usage', 'shown');
    const event = (action: string) => ({
      type: 'operator.accessed',
      actor_kind: 'operator',
      actor_id: null,
      details: { action, via: 'cli', osUser: userInfo().username },
    });
    expect(await auditLogOf(tenantId)).toEqual([event('read'), event('read'), event('usage')]);
    for (const unknown of ['unknown', randomUUID()]) {
      expect(await cli('show', unknown)).toMatchObject({
        code: 1,
        err: `There is no tenant "${unknown}".\n`,
      });
    }
  });

  it('create a tenant by the rules of the route', async () => {
    const options = ['--name', 'Initech', '--subdomain', 'initech', '--admin-email'];
    const { out, code } = await cli('create', ...options, 'boss@initech.example', '--plan', 'pro');
    expect(code).toBe(0);
    expect(out).toMatch(
      /password of boss@initech\.example.*\n\n {2}([a-z2-9]{5}-){3}[a-z2-9]{5}\n/,
    );
    const rows = await database.sql(
      `SELECT t.plan_type, u.role, u.must_change_password FROM tenants t JOIN users u ON u.tenant_id = t.id
        WHERE t.subdomain = 'initech'`,
    );
    expect(rows).toEqual([{ plan_type: 'pro', role: 'admin', must_change_password: true }]);
    expect(await cli('create', ...options, 'boss@initech.example')).toMatchObject({
      code: 1,
      err: expect.stringContaining('TENANT_EXISTS'),
    });
    const wrong = await cli(
      'create',
      '--name',
      'P',
      '--subdomain',
      'platform',
      '--admin-email',
      'x',
    );
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('subdomain is reserved');
    expect(wrong.err).toContain('adminEmail');
  });

  it('change plan, features and limits', async () => {
    const { tenantId } = await seedTenant(database, { subdomain: 'planned' });
    for (const role of ['admin', 'user'] as const) await seedUser(database, tenantId, { role });
    const { out } = await cli(
      'change-plan',
      'planned',
      '--plan',
      'enterprise',
      '--limit',
      'maxUsers=1',
      '--feature',
      'api_access=off',
    );
    expect(out).toContain('Plan enterprise\n');
    expect(out).toMatch(/api_access +false +tenant\n/);
    expect(out).toContain('Exceeded: maxUsers, 2 of 1 used.\n');
    const back = await cli(
      'change-plan',
      'planned',
      '--limit',
      'maxUsers=plan',
      '--feature',
      'api_access=plan',
      '--json',
    );
    expect(back.json()).toMatchObject({ plan: 'enterprise', exceeded: [] });
    const { features, limits } = back.json() as Record<string, { name: string }[]>;
    expect(features).toContainEqual(
      expect.objectContaining({ name: 'api_access', enabled: true, source: 'plan' }),
    );
    expect(limits).toContainEqual(
      expect.objectContaining({ name: 'maxUsers', value: 1000, source: 'plan' }),
    );
  });

  it('end and renew a subscription', async () => {
    const { tenantId } = await seedTenant(database, { subdomain: 'renewed' });
    const endsAt = async () => {
      const rows = await database.sql<{ at: Date | null }>(
        'SELECT subscription_ends_at AS at FROM tenants WHERE id = $1',
        [tenantId],
      );
      return rows[0]?.at;
    };
    const change = (time: string) => cli('change-plan', 'renewed', '--subscription-ends', time);
    expect((await change('2027-12-31T23:59:59-03:00')).code).toBe(0);
    expect(await endsAt()).toEqual(new Date('2028-01-01T02:59:59Z'));
    for (const wrong of ['tomorrow', '2027-12-31T23:59:59', '2027-12-31', '2027-02-31T00:00:00Z'])
      expect(await change(wrong), wrong).toMatchObject({
        code: 2,
        err: expect.stringContaining('subscriptionEndsAt'),
      });
    expect(await endsAt()).toEqual(new Date('2028-01-01T02:59:59Z'));
    expect((await change('never')).code).toBe(0);
    expect(await endsAt()).toBeNull();
  });

  it('change the status with a reason, refuse invalid transitions, and purge only with a confirmed subdomain', async () => {
    const { tenantId } = await seedTenant(database, { subdomain: 'moved' });
    await seedUser(database, tenantId, { role: 'admin' });
    const move = (name: string) => cli(name, 'moved', '--reason', 'unpaid');
    for (const reason of [' ', 'un\u0007paid', 'x'.repeat(501)])
      expect(await cli('suspend', 'moved', '--reason', reason)).toMatchObject({
        code: 2,
        err: expect.stringContaining('reason must'),
      });
    expect((await move('suspend')).out).toBe('moved is suspended.\n');
    expect((await auditLogOf(tenantId)).map(({ type }) => type)).toEqual([
      'tenant.suspended',
      'operator.accessed',
    ]);
    expect(await move('suspend')).toMatchObject({
      code: 1,
      err: expect.stringContaining('INVALID_TRANSITION'),
    });
    expect((await move('reactivate')).out).toBe('moved is active.\n');
    expect((await move('cancel')).out).toBe('moved is canceled.\n');
    expect((await move('restore')).out).toBe('moved is active.\n');
    expect(await auditLogOf(tenantId)).toContainEqual({
      type: 'tenant.suspended',
      actor_kind: 'operator',
      actor_id: null,
      details: { reason: 'unpaid', from: 'active' },
    });
    await move('cancel');
    const purge = (confirm: string) =>
      cli('purge', 'moved', '--reason', 'asked for', '--confirm', confirm);
    expect(await purge('other')).toMatchObject({
      code: 1,
      err: expect.stringContaining('confirmSubdomain'),
    });
    expect(await purge('moved')).toMatchObject({ code: 0, out: 'moved has been purged.\n' });
    const rows = await database.sql('SELECT 1 FROM users WHERE tenant_id = $1', [tenantId]);
    expect(rows).toEqual([]);
  });

  it('reset the password of the only admin of a tenant, and of no other user', async () => {
    const { tenantId } = await seedTenant(database, { subdomain: 'locked-out' });
    const email = 'strasse@example.com';
    const { userId } = await seedUser(database, tenantId, { role: 'admin', email });
    const user = await seedUser(database, tenantId);
    await database.sql(
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, sha256('x'), 'x', now() + interval '1 hour')`,
      [tenantId, userId],
    );
    const reset = (address: string) => cli('reset-password', 'locked-out', '--email', address);
    const { out, code } = await reset('STRAßE@example.com');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Temporary password of strasse@example\.com, valid until 2\S+Z\. .*not shown again:\n\n {2}([a-z2-9]{5}-){3}[a-z2-9]{5}\n\n.*\n {2}POST \/api\/v1\/auth\/password\/renew /,
    );
    expect(
      await database.sql(
        `SELECT u.must_change_password, s.is_active, u.temporary_password_expires_at > now() + interval '71 hours' AS valid
           FROM users u JOIN user_sessions s ON s.user_id = u.id WHERE u.id = $1`,
        [userId],
      ),
    ).toEqual([{ must_change_password: true, is_active: false, valid: true }]);
    expect(await auditLogOf(tenantId)).toContainEqual({
      type: 'password.reset',
      actor_kind: 'operator',
      actor_id: null,
      details: { via: 'cli', osUser: userInfo().username },
    });
    const hash = vi.spyOn(PasswordHasher.prototype, 'hash');
    try {
      for (const address of [user.email, 'unknown@example.com'])
        expect(await reset(address)).toMatchObject({
          code: 1,
          err: `${address} is not an active admin of locked-out.\n`,
        });
      await seedUser(database, tenantId, { role: 'admin' });
      expect(await reset(email)).toMatchObject({
        code: 1,
        err: `locked-out has other admins, who can reset the password of ${email}.\n`,
      });
      expect(hash).not.toHaveBeenCalled();
    } finally {
      hash.mockRestore();
    }
  });
});
