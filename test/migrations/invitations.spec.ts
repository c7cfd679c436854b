import { seedTenant, seedUser } from '@poc-tracker/testing';
import { type Permission, PERMISSIONS, type Role } from '@poc-tracker/contracts';
import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Context, HASH, refusal, useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

const randomHash = (): Buffer => createHash('sha256').update(randomUUID()).digest();

/** Registers as the service does: accepts the invitation, then inserts the user with its role. */
async function accept(
  how: 'accept_invite' | 'accept_invite_link',
  tenantId: string,
  token: Buffer,
  email = 'guest@example.com',
): Promise<unknown> {
  const userId = randomUUID();
  return db.within({ tenantId, userId, role: '' }, async (client) => {
    const { rows } = await client.query<{ role: string }>(`SELECT * FROM ${how}($1, $2, $3)`, [
      token,
      email,
      userId,
    ]);
    const role = rows[0]?.role;
    if (role === undefined) return undefined;
    await client.query(
      'INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, $4, $5)',
      [tenantId, userId, email, HASH, role],
    );
    return role;
  });
}

interface Invitation {
  tenantId: string;
  inviterId: string;
  token: Buffer;
}

async function seedInviter(
  role: Role = 'admin',
  maxUsers = 100,
): Promise<Omit<Invitation, 'token'>> {
  const { tenantId } = await seedTenant(db.database, { maxUsers });
  const { userId } = await seedUser(db.database, tenantId, { role });
  return { tenantId, inviterId: userId };
}

function grant(userId: string, permissions: Permission[]): Promise<unknown> {
  return db.admin.query('UPDATE users SET permissions = $2 WHERE id = $1', [
    userId,
    JSON.stringify(permissions),
  ]);
}

function giveCustomRole(userId: string, permissions: Permission[]): Promise<unknown> {
  return db.admin.query(
    `WITH role AS (INSERT INTO tenant_roles (tenant_id, name, name_key, permissions)
                   SELECT tenant_id, 'Recruiter', 'recruiter', $2 FROM users WHERE id = $1 RETURNING id)
     UPDATE users SET custom_role_id = (SELECT id FROM role) WHERE id = $1`,
    [userId, JSON.stringify(permissions)],
  );
}

describe('An invitation', () => {
  async function invite(
    values: { expires?: string; revoked?: string; by?: Role; role?: Role } = {},
  ): Promise<Invitation> {
    const { tenantId, inviterId } = await seedInviter(values.by);
    const token = randomHash();
    await db.admin.query(
      `INSERT INTO invites (tenant_id, token_hash, email, role, expires_at, revoked_at, invited_by)
       VALUES ($1, $2, 'guest@example.com', $6, now() + $3::interval, $4, $5)`,
      [
        tenantId,
        token,
        values.expires ?? '24 hours',
        values.revoked ?? null,
        inviterId,
        values.role ?? 'manager',
      ],
    );
    return { tenantId, inviterId, token };
  }

  it('gives its role to only one of twenty users who accept it at the same time', async () => {
    const { tenantId, token } = await invite();
    const roles = await Promise.all(
      Array.from({ length: 20 }, () => accept('accept_invite', tenantId, token)),
    );
    expect(roles.filter((role) => role !== undefined)).toEqual(['manager']);
  });

  it('cannot be accepted with another address, in another tenant, after it expired or after it was revoked', async () => {
    const { tenantId, token } = await invite();
    const { tenantId: elsewhere } = await seedTenant(db.database);
    expect(await accept('accept_invite', tenantId, token, 'other@example.com')).toBeUndefined();
    expect(await accept('accept_invite', elsewhere, token)).toBeUndefined();
    const expired = await invite({ expires: '-1 second' });
    expect(await accept('accept_invite', expired.tenantId, expired.token)).toBeUndefined();
    const revoked = await invite({ revoked: new Date().toISOString() });
    expect(await accept('accept_invite', revoked.tenantId, revoked.token)).toBeUndefined();
    expect(await accept('accept_invite', tenantId, token)).toBe('manager');
  });

  it.each([
    ['suspended', `UPDATE users SET status = 'suspended' WHERE id = $1`],
    [
      'demoted below its role',
      `UPDATE users SET role = 'user', permissions = '["manage_invites"]' WHERE id = $1`,
    ],
    [
      'no longer allowed to invite, whatever their role',
      `WITH invited AS (UPDATE invites SET role = 'viewer' WHERE invited_by = $1)
       UPDATE users SET role = 'user' WHERE id = $1`,
    ],
    ['deleted', 'DELETE FROM users WHERE id = $1'],
  ])('cannot be accepted once its inviter is %s', async (_what, change) => {
    const { tenantId, inviterId, token } = await invite({ by: 'manager' });
    await db.admin.query(change, [inviterId]);
    expect(await accept('accept_invite', tenantId, token)).toBeUndefined();
  });

  it.each([
    ['their own permission', (id: string) => grant(id, ['manage_invites'])],
    ['their custom role', (id: string) => giveCustomRole(id, ['manage_invites'])],
  ])('is accepted while its inviter may invite by %s', async (_what, allow) => {
    const { tenantId, inviterId, token } = await invite({ by: 'user', role: 'user' });
    expect(await accept('accept_invite', tenantId, token)).toBeUndefined();
    await allow(inviterId);
    expect(await accept('accept_invite', tenantId, token)).toBe('user');
  });

  it('lets no login ask what its inviter may do', async () => {
    const { tenantId, inviterId } = await invite();
    const question = db.statement({ tenantId, role: 'admin' }, 'SELECT rank_to_invite($1)', [
      inviterId,
    ]);
    await expect(question).rejects.toEqual(refusal('42501'));
  });

  it('gives its role, and no other, to the user who accepted it, and to no other user', async () => {
    const { tenantId, token } = await invite();
    const [guest, stranger] = [randomUUID(), randomUUID()];
    const register = (userId: string, role: Role): Promise<unknown> =>
      db.within({ tenantId, userId: guest, role: '' }, async (client) => {
        await client.query('SELECT * FROM accept_invite($1, $2, $3)', [
          token,
          'guest@example.com',
          guest,
        ]);
        await client.query('SELECT set_user_context($1, $2, NULL)', [tenantId, userId]);
        await client.query(
          'INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, $4, $5)',
          [tenantId, userId, 'guest@example.com', HASH, role],
        );
      });
    await expect(register(guest, 'admin')).rejects.toEqual(refusal('42501'));
    await expect(register(guest, 'user')).rejects.toEqual(refusal('42501'));
    await expect(register(stranger, 'manager')).rejects.toEqual(refusal('42501'));
    await register(guest, 'manager');
  });

  it('is not accepted by a transaction that inserts no user', async () => {
    const { tenantId, token } = await invite();
    const orphan = db.statement(
      { tenantId, role: 'viewer' },
      'SELECT * FROM accept_invite($1, $2, $3)',
      [token, 'guest@example.com', randomUUID()],
    );
    await expect(orphan).rejects.toEqual(refusal('23503', 'invites_accepted_by_fkey'));
    expect(await accept('accept_invite', tenantId, token)).toBe('manager');
  });

  it('is the only open one for its address', async () => {
    const { tenantId, inviterId } = await invite();
    const again = db.statement(
      { tenantId, userId: inviterId, role: 'admin' },
      `INSERT INTO invites (tenant_id, token_hash, email, invited_by) VALUES ($1, $2, 'guest@example.com', $3)`,
      [tenantId, randomHash(), inviterId],
    );
    await expect(again).rejects.toEqual(refusal('23505', 'invites_open_email_key'));
  });

  it('cannot reveal its token, nor be inserted for a higher role, for another inviter or without manage_invites', async () => {
    const { tenantId, inviterId } = await seedInviter('manager');
    const { userId } = await seedUser(db.database, tenantId);
    await expect(
      db.statement(
        { tenantId, userId: inviterId, role: 'manager' },
        'SELECT token_hash FROM invites',
      ),
    ).rejects.toEqual(refusal('42501'));
    const insert = (context: Omit<Context, 'tenantId'>, role: Role, by = context.userId) =>
      db.statement(
        { tenantId, ...context },
        'INSERT INTO invites (tenant_id, token_hash, email, role, invited_by) VALUES ($1, $2, $3, $4, $5)',
        [tenantId, randomHash(), `${randomUUID()}@example.com`, role, by],
      );
    const manager = { userId: inviterId, role: 'manager' };
    const helper = { userId, role: 'user', permissions: ['manage_invites'] };
    const others = PERMISSIONS.filter((permission) => permission !== 'manage_invites');
    const refused = refusal('42501');
    await expect(insert(manager, 'admin')).rejects.toEqual(refused);
    await expect(insert(manager, 'user', userId)).rejects.toEqual(refused);
    await expect(insert(helper, 'manager')).rejects.toEqual(refused);
    await expect(insert({ userId, role: 'admin', permissions: others }, 'viewer')).rejects.toEqual(
      refused,
    );
    await insert(manager, 'manager');
    await insert(helper, 'user');
  });
});

describe('An expired invitation', () => {
  it('is superseded only by users who may invite, and only in their tenant', async () => {
    const { tenantId, inviterId } = await seedInviter('manager');
    const other = await seedInviter('manager');
    for (const [tenant, expires] of [
      [tenantId, '-1 second'],
      [other.tenantId, '-1 second'],
    ])
      await db.admin.query(
        `INSERT INTO invites (tenant_id, token_hash, email, role, expires_at)
         VALUES ($1, $2, 'guest@example.com', 'admin', now() + $3::interval)`,
        [tenant, randomHash(), expires],
      );
    await db.admin.query(
      `INSERT INTO invites (tenant_id, token_hash, email) VALUES ($1, $2, 'open@example.com')`,
      [tenantId, randomHash()],
    );
    const supersede = async (permissions: readonly Permission[]): Promise<unknown> => {
      await db.statement(
        { tenantId, userId: inviterId, role: 'manager', permissions },
        'SELECT supersede_expired_invites($1)',
        [['guest@example.com', 'open@example.com']],
      );
      const { rows } = await db.admin.query<{ tenant_id: string }>(
        'SELECT tenant_id FROM invites WHERE superseded_at IS NOT NULL AND tenant_id = ANY ($1)',
        [[tenantId, other.tenantId]],
      );
      return rows.map((row) => row.tenant_id);
    };
    const others = PERMISSIONS.filter((permission) => permission !== 'manage_invites');
    expect(await supersede(others)).toEqual([]);
    expect(await supersede(['manage_invites'])).toEqual([tenantId]);
  });
});

describe('An invitation link', () => {
  async function seedLink(
    values: { quota?: number; domains?: string[]; expires?: string; maxUsers?: number } = {},
  ): Promise<Invitation & { linkId: string }> {
    const { tenantId, inviterId } = await seedInviter('manager', values.maxUsers);
    const token = randomHash();
    const { rows } = await db.statement(
      { tenantId, userId: inviterId, role: 'manager' },
      `INSERT INTO invite_links (tenant_id, token_hash, role, quota, allowed_domains, expires_at, created_by)
       VALUES ($1, $2, 'viewer', $3, $4, now() + $5::interval, $6) RETURNING id`,
      [
        tenantId,
        token,
        values.quota ?? 3,
        values.domains ?? [],
        values.expires ?? '1 hour',
        inviterId,
      ],
    );
    return { tenantId, inviterId, token, linkId: String(rows[0]?.['id']) };
  }
  const use = ({ tenantId, token }: Invitation, email = `${randomUUID()}@example.com`) =>
    accept('accept_invite_link', tenantId, token, email);

  it('is used exactly as often as its quota, however many users come at the same time, and records them', async () => {
    const link = await seedLink({ quota: 3 });
    const roles = await Promise.all(Array.from({ length: 25 }, () => use(link)));
    expect(roles.filter((role) => role !== undefined)).toEqual(['viewer', 'viewer', 'viewer']);
    const { rows } = await db.admin.query(
      `SELECT l.used_count, count(u.user_id)::int AS users FROM invite_links l
         JOIN invite_link_uses u ON u.link_id = l.id WHERE l.id = $1 GROUP BY 1`,
      [link.linkId],
    );
    expect(rows).toEqual([{ used_count: 3, users: 3 }]);
  });

  it('does not count a use if the tenant has no seat left', async () => {
    const link = await seedLink({ quota: 10, maxUsers: 3 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => use(link)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const { rows } = await db.admin.query('SELECT used_count FROM invite_links WHERE id = $1', [
      link.linkId,
    ]);
    expect(rows).toEqual([{ used_count: 2 }]);
  });

  it('accepts only addresses whose part after the last @ is one of its domains', async () => {
    const link = await seedLink({ domains: ['acme.example'] });
    for (const email of [
      'a@other.example',
      'a@sub.acme.example',
      'a@acme.example.evil.test',
      '"a@acme.example"@evil.test',
      '"@acme.example@"@evil.test',
      'acme.example',
    ]) {
      expect(await use(link, email)).toBeUndefined();
    }
    expect(await use(link, 'a@acme.example')).toBe('viewer');
  });

  it('cannot be used after it expired, when revoked, in another tenant, or once its creator may not invite', async () => {
    expect(await use(await seedLink({ expires: '-1 second' }))).toBeUndefined();
    const revoked = await seedLink();
    await db.statement(
      { tenantId: revoked.tenantId, userId: revoked.inviterId, role: 'manager' },
      'UPDATE invite_links SET revoked_at = now()',
    );
    expect(await use(revoked)).toBeUndefined();
    const valid = await seedLink();
    const { tenantId: elsewhere } = await seedTenant(db.database);
    expect(await use({ ...valid, tenantId: elsewhere })).toBeUndefined();
    await db.admin.query(`UPDATE users SET role = 'viewer' WHERE id = $1`, [valid.inviterId]);
    expect(await use(valid)).toBeUndefined();
  });

  it('cannot be for an admin, and the service can neither read its token nor change its count', async () => {
    const { tenantId, inviterId } = await seedLink();
    const context = { tenantId, userId: inviterId, role: 'admin' };
    const forAdmin = db.statement(
      context,
      `INSERT INTO invite_links (tenant_id, token_hash, role, quota, created_by) VALUES ($1, $2, 'admin', 1, $3)`,
      [tenantId, randomHash(), inviterId],
    );
    await expect(forAdmin).rejects.toEqual(refusal('23514', 'invite_links_role_check'));
    for (const sql of [
      'SELECT token_hash FROM invite_links',
      'UPDATE invite_links SET used_count = 0',
      'UPDATE invite_links SET quota = 10000',
      'DELETE FROM invite_link_uses',
    ]) {
      await expect(db.statement(context, sql)).rejects.toEqual(refusal('42501'));
    }
  });

  it('keeps the use of a user who was deleted', async () => {
    const link = await seedLink({ quota: 1 });
    await use(link, 'deleted@example.com');
    await db.admin.query(
      `DELETE FROM users WHERE email = 'deleted@example.com' AND tenant_id = $1`,
      [link.tenantId],
    );
    expect(await use(link)).toBeUndefined();
    const { rows } = await db.admin.query(
      'SELECT user_id FROM invite_link_uses WHERE link_id = $1',
      [link.linkId],
    );
    expect(rows).toEqual([{ user_id: null }]);
  });
});
