import { seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { HASH, INSERT_FILE, INSERT_POC, refusal, useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();
let platformId: string;
let operatorId: string;

beforeAll(async () => {
  const { rows } = await db.admin.query<{ id: string }>(
    `INSERT INTO tenants (name, subdomain, is_platform, max_users) VALUES ('Platform', 'platform', true, 100) RETURNING id`,
  );
  platformId = rows[0]?.id ?? '';
  operatorId = (await seedUser(db.database, platformId, { role: 'admin' })).userId;
});

/** The context of an operator's request: the most rights that the service's login can have in the platform tenant. */
const asOperator = () => ({ tenantId: platformId, userId: operatorId, role: 'admin' });

const INSERT_USER = `INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, '${HASH}', $4)`;

describe('The login of the service', () => {
  it.each(['admin', 'user'])(
    'cannot insert a user with the role %s into the platform tenant',
    async (role) => {
      const id = randomUUID();
      const user = [platformId, id, `${id}@example.com`, role];
      const registering = { tenantId: platformId, userId: id, role };
      for (const context of [registering, asOperator()]) {
        await expect(db.statement(context, INSERT_USER, user)).rejects.toEqual(
          refusal('42501', 'users_platform_reserved'),
        );
      }
    },
  );

  it.each([
    [`role = 'viewer'`],
    [`role = 'admin'`],
    [`status = 'active'`],
    [`permissions = '["manage_users"]'`],
    [`email = 'elsewhere@example.com'`],
    [`custom_role_id = (SELECT id FROM tenant_roles LIMIT 1)`],
    [`must_change_password = true`],
    [`first_name = 'Other'`],
    [`last_login_at = now()`],
  ])('cannot set %s for another user of the platform tenant', async (assignment) => {
    await db.seedRole(platformId, ['view_usage']);
    const { userId } = await seedUser(db.database, platformId, {
      role: 'manager',
      status: 'suspended',
    });
    await expect(
      db.statement(asOperator(), `UPDATE users SET ${assignment} WHERE id = $1`, [userId]),
    ).rejects.toEqual(refusal('42501', 'platform_tenant_reserved'));
  });

  it('cannot change the address of an operator, even in their own name', async () => {
    await expect(
      db.statement(asOperator(), `UPDATE users SET email = 'other@example.com' WHERE id = $1`, [
        operatorId,
      ]),
    ).rejects.toEqual(refusal('42501', 'platform_tenant_reserved'));
  });

  it('cannot delete a user of the platform tenant', async () => {
    const { userId } = await seedUser(db.database, platformId, { role: 'manager' });
    await expect(
      db.statement(asOperator(), 'DELETE FROM users WHERE id = $1', [userId]),
    ).rejects.toEqual(refusal('42501', 'platform_tenant_reserved'));
  });

  it('cannot write a custom role, an invitation or an invitation link of the platform tenant', async () => {
    const roleId = await db.seedRole(platformId, ['view_usage']);
    const writes: [sql: string, params: unknown[]][] = [
      [
        `INSERT INTO tenant_roles (tenant_id, name, name_key) VALUES ($1, 'helpers', 'helpers')`,
        [platformId],
      ],
      [`UPDATE tenant_roles SET permissions = '["manage_users"]' WHERE id = $1`, [roleId]],
      ['DELETE FROM tenant_roles WHERE id = $1', [roleId]],
      [
        `INSERT INTO invites (tenant_id, email, role, token_hash, invited_by)
         VALUES ($1, 'new@example.com', 'user', sha256('a token'), $2)`,
        [platformId, operatorId],
      ],
      [
        `INSERT INTO invite_links (tenant_id, role, quota, token_hash, created_by)
         VALUES ($1, 'user', 5, sha256('a token'), $2)`,
        [platformId, operatorId],
      ],
    ];
    for (const [sql, params] of writes)
      await expect(db.statement(asOperator(), sql, params)).rejects.toEqual(
        refusal('42501', 'platform_tenant_reserved'),
      );
  });

  it('cannot write the tenant, its settings or its domains', async () => {
    const writes: [sql: string, params: unknown[]][] = [
      [`UPDATE tenants SET name = 'Other' WHERE id = $1`, [platformId]],
      [
        `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'theme', '{}')`,
        [platformId],
      ],
      [
        `INSERT INTO tenant_domains (tenant_id, domain, token) VALUES ($1, 'ops.example', 'x')`,
        [platformId],
      ],
    ];
    for (const [sql, params] of writes)
      await expect(db.statement(asOperator(), sql, params)).rejects.toEqual(
        refusal('42501', 'platform_tenant_reserved'),
      );
  });

  it('cannot revoke or change the sessions of another operator', async () => {
    const session = `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
      VALUES ($1, $2, sha256($3), 'x', now() + interval '1 hour') RETURNING id`;
    const { userId } = await seedUser(db.database, platformId, { role: 'admin' });
    for (const [user, name] of [
      [operatorId, 'own'],
      [userId, 'other'],
    ])
      await db.admin.query(session, [platformId, user, name]);
    const revoke = 'UPDATE user_sessions SET is_active = false WHERE user_id = $1';
    await expect(db.statement(asOperator(), revoke, [userId])).rejects.toEqual(
      refusal('42501', 'platform_tenant_reserved'),
    );
    expect((await db.statement(asOperator(), revoke, [operatorId])).rowCount).toBe(1);
  });

  it('cannot create a platform tenant, or turn a tenant into one', async () => {
    const id = randomUUID();
    const context = { tenantId: id, userId: randomUUID(), role: 'admin' };
    const insert =
      'INSERT INTO tenants (id, name, subdomain, is_platform) VALUES ($1, $2, $3, true)';
    for (const subdomain of ['platform', `t-${id}`]) {
      await expect(db.statement(context, insert, [id, 'Mine', subdomain])).rejects.toEqual(
        refusal('42501'),
      );
    }
    await db.statement(context, 'INSERT INTO tenants (id, name, subdomain) VALUES ($1, $2, $3)', [
      id,
      'Mine',
      `t-${id}`,
    ]);
    await expect(
      db.statement(context, 'UPDATE tenants SET is_platform = true WHERE id = $1', [id]),
    ).rejects.toEqual(refusal('42501'));
  });

  it('cannot read or write the invitations of operators', async () => {
    for (const sql of [
      'SELECT * FROM operator_invitations',
      'DELETE FROM operator_invitations',
      'UPDATE operator_invitations SET used_at = NULL',
      `INSERT INTO operator_invitations (tenant_id, email, secret_hash, expires_at)
       VALUES ('${platformId}', 'me@example.com', sha256('x'), now() + interval '1 hour')`,
    ])
      await expect(db.statement(asOperator(), sql)).rejects.toEqual(refusal('42501'));
  });
});

describe('The login of the tracker', () => {
  it('cannot write a POC, a file or a collaborator of the platform tenant', async () => {
    const context = { ...asOperator(), login: 'tracker' } as const;
    const { rows } = await db.admin.query<{ id: string }>(INSERT_POC, [
      platformId,
      'Old',
      operatorId,
    ]);
    const pocId = rows[0]?.id;
    const writes: [sql: string, params: unknown[]][] = [
      [INSERT_POC, [platformId, 'New', operatorId]],
      [`UPDATE pocs SET title = 'Other' WHERE id = $1`, [pocId]],
      ['DELETE FROM pocs WHERE id = $1', [pocId]],
      [INSERT_FILE, [platformId, pocId, 'a.txt', 1, operatorId]],
      [
        'INSERT INTO poc_collaborators (tenant_id, poc_id, user_id) VALUES ($1, $2, $3)',
        [platformId, pocId, operatorId],
      ],
    ];
    for (const [sql, params] of writes)
      await expect(db.statement(context, sql, params)).rejects.toEqual(
        refusal('42501', 'platform_tenant_reserved'),
      );
  });
});

describe('The platform tenant', () => {
  it('has a fixed subdomain, and cannot be suspended or expire', async () => {
    const change = (assignment: string) =>
      db.admin.query(`UPDATE tenants SET ${assignment} WHERE id = $1`, [platformId]);
    await expect(
      db.admin.query(
        `INSERT INTO tenants (name, subdomain, is_platform) VALUES ('Other', 'other', true)`,
      ),
    ).rejects.toEqual(refusal('23514', 'tenants_platform_name_check'));
    await expect(change(`status = 'suspended'`)).rejects.toEqual(
      refusal('23514', 'tenants_platform_stays'),
    );
    await expect(change('subscription_ends_at = now()')).rejects.toEqual(
      refusal('23514', 'tenants_platform_stays'),
    );
  });

  it('lets its users update their own profile and password', async () => {
    const { rowCount } = await db.statement(
      asOperator(),
      `UPDATE users SET first_name = 'Ana', password_hash = '${HASH}' WHERE id = $1`,
      [operatorId],
    );
    expect(rowCount).toBe(1);
  });
});
