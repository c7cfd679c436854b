import type { SeededUser } from '@poc-tracker/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { SessionUses } from '../../apps/auth-service/src/session/mirror/session-uses.js';
import { GOOD_PASSWORD, type Tokens } from '../e2e/service.fixture.js';
import {
  database,
  here,
  redis,
  restartRedis,
  restartThere,
  server,
  there,
  useTwoInstances,
} from './instances.fixture.js';

const PREFIX = 'poc-tracker:';
const MINUTE = 60_000;

/** A change shows within a second on a machine that runs other tests. The measured times are in decision 0016. */
const SOON = { timeout: 15_000, interval: 5 };

useTwoInstances();

let tenant: { tenantId: string; host: string };
let admin: SeededUser;
let user: SeededUser;
/** A custom role that may view the usage. */
let roleId: string;

beforeEach(async () => {
  tenant = await here.tenant();
  admin = await here.user(tenant.tenantId, { role: 'admin' });
  user = await here.user(tenant.tenantId);
  const [role] = await database.sql<{ id: string }>(
    `INSERT INTO tenant_roles (tenant_id, name, name_key, permissions) VALUES ($1, 'r', 'r', '["view_usage"]') RETURNING id`,
    [tenant.tenantId],
  );
  roleId = role?.id ?? '';
});

interface Claims {
  jti: string;
  sub: string;
  session_id: string;
  tenant_id: string;
}

const claimsOf = ({ accessToken }: Pick<Tokens, 'accessToken'>): Claims =>
  JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as Claims;

const logIn = async (who = user, service = here): Promise<Tokens> =>
  (await service.login(tenant.host, who)).tokens;

const keyOf = ({ tenant_id, session_id }: Claims) =>
  `${PREFIX}session:{${tenant_id}}:${session_id}`;
const listOf = ({ tenant_id }: Pick<Claims, 'tenant_id'>) =>
  `${PREFIX}tenant_sessions:{${tenant_id}}`;
const userListOf = ({ tenant_id, sub }: Claims) => `${PREFIX}user_sessions:{${tenant_id}}:${sub}`;
const refusalOf = ({ jti }: Claims) => `${PREFIX}blacklist:${jti}`;
const permissionsOf = ({ tenant_id, sub }: Claims) => `${PREFIX}permissions:{${tenant_id}}:${sub}`;

/** What a gateway sees of a token. */
async function seen(claims: Claims): Promise<string> {
  const [value, refused] = await redis.mget(keyOf(claims), refusalOf(claims));
  if (refused !== null) return 'refused';
  return value === null ? 'unknown' : 'active';
}

const becomes = (claims: Claims, state: string) =>
  expect.poll(() => seen(claims), SOON).toBe(state);

/** A session that is in the mirror. */
async function mirrored(who = user, service = here): Promise<{ tokens: Tokens; claims: Claims }> {
  const tokens = await logIn(who, service);
  const claims = claimsOf(tokens);
  await becomes(claims, 'active');
  return { tokens, claims };
}

const asAdmin = async (path: string): Promise<void> => {
  const { accessToken } = await logIn(admin);
  const answer = await here.call('POST', path, { token: accessToken, body: { reason: 'test' } });
  expect(answer.status).toBeLessThan(300);
};

describe('the mirror of sessions', () => {
  it('has a session, its lists and the permissions of its user, without any secret, and all of it expires', async () => {
    for (const service of [here, there]) {
      const { tokens, claims } = await mirrored(admin, service);
      const value = (await redis.get(keyOf(claims))) ?? '';
      expect(JSON.parse(value)).toEqual({
        id: claims.session_id,
        tenantId: tenant.tenantId,
        userId: claims.sub,
        deviceId: null,
        createdAt: expect.any(String) as string,
        lastAccessed: expect.any(String) as string,
        expiresAt: expect.any(String) as string,
      });
      const [session] = await database.sql<{ refresh_token_hash: Buffer; expires_at: Date }>(
        'SELECT * FROM user_sessions WHERE id = $1',
        [claims.session_id],
      );
      expect(value).not.toContain(session?.refresh_token_hash.toString('hex'));
      expect(value).not.toContain(tokens.refreshToken.split('.')[2]);
      const score = String(session?.expires_at.getTime());
      expect(await redis.zscore(listOf(claims), claims.session_id)).toBe(score);
      expect(await redis.zscore(userListOf(claims), claims.session_id)).toBe(score);
      expect(JSON.parse((await redis.get(permissionsOf(claims))) ?? '')).toContain('manage_users');
      expect(await redis.pttl(permissionsOf(claims))).toBeLessThanOrEqual(30 * MINUTE);
    }
    for (const key of await redis.keys(`${PREFIX}*{${tenant.tenantId}}*`))
      expect([key, (await redis.pttl(key)) > 0]).toEqual([key, true]);
  });

  it('keeps each key of a session under its tenant', async () => {
    const { claims } = await mirrored();
    const named = (await redis.keys(`*${claims.session_id}*`)).concat(
      await redis.keys(`*${claims.sub}*`),
    );
    expect(named.length).toBeGreaterThan(2);
    for (const key of named) expect(key).toContain(`{${tenant.tenantId}}`);
    const other = await here.tenant();
    expect(await redis.keys(`*{${other.tenantId}}*`)).toEqual([]);
  });

  it('refuses every access token of a session that may still be valid, and no other', async () => {
    const { tokens, claims } = await mirrored();
    const kept = await mirrored();
    const first = (await here.refresh(tokens.refreshToken)).data;
    const repeated = (await there.refresh(tokens.refreshToken)).data;
    const second = (await there.refresh(first.refreshToken)).data;
    expect(claimsOf(repeated).jti).toBe(claimsOf(first).jti);
    await here.call('POST', '/auth/logout', { token: second.accessToken });
    for (const each of [tokens, first, repeated, second]) {
      await becomes(claimsOf(each), 'refused');
      const left = await redis.pttl(refusalOf(claimsOf(each)));
      expect(left).toBeGreaterThan(15 * MINUTE);
      expect(left).toBeLessThanOrEqual(16 * MINUTE);
    }
    expect(await redis.exists(keyOf(claims))).toBe(0);
    expect(await redis.zrange(userListOf(claims), '0', '-1')).toEqual([kept.claims.session_id]);
    expect(await seen(kept.claims)).toBe('active');
  });

  it.each<[string, (tokens: Tokens, claims: Claims) => Promise<unknown>]>([
    [
      'its user revokes it',
      (tokens, { session_id }) =>
        here.call('DELETE', `/auth/sessions/${session_id}`, { token: tokens.accessToken }),
    ],
    [
      'its refresh token is replayed',
      async (tokens) => {
        const next = await here.refresh(tokens.refreshToken);
        await here.refresh(next.data.refreshToken);
        return here.refresh(tokens.refreshToken);
      },
    ],
    [
      'the password is changed',
      (tokens) =>
        here.call('PUT', '/auth/password', {
          token: tokens.accessToken,
          body: { currentPassword: user.password, newPassword: `${GOOD_PASSWORD} agora` },
        }),
    ],
    ['its user is suspended', (_tokens, { sub }) => asAdmin(`/auth/users/${sub}/suspend`)],
    ['its user is deactivated', (_tokens, { sub }) => asAdmin(`/auth/users/${sub}/deactivate`)],
    [
      'its tenant is suspended',
      (_tokens, { tenant_id }) =>
        database.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenant_id]),
    ],
    [
      'its tenant is deleted',
      (_tokens, { tenant_id }) =>
        database.sql(`UPDATE tenants SET status = 'canceled', deleted_at = now() WHERE id = $1`, [
          tenant_id,
        ]),
    ],
    [
      'a shorter lifetime has passed',
      (_tokens, { session_id, tenant_id }) =>
        database.sql(
          `WITH aged AS (UPDATE user_sessions SET created_at = now() - interval '2 hours' WHERE id = $1 RETURNING tenant_id)
       INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) SELECT $2, 'security', '{"sessionLifetime": 1}' FROM aged`,
          [session_id, tenant_id],
        ),
    ],
    [
      'SQL ends it',
      (_tokens, { session_id }) =>
        database.sql('UPDATE user_sessions SET is_active = false WHERE id = $1', [session_id]),
    ],
    [
      'SQL deletes it',
      (_tokens, { session_id }) =>
        database.sql('DELETE FROM user_sessions WHERE id = $1', [session_id]),
    ],
    [
      'its user is deleted',
      (_tokens, { sub }) => database.sql('DELETE FROM users WHERE id = $1', [sub]),
    ],
    [
      'its time is over',
      (_tokens, { session_id }) =>
        database.sql(
          `UPDATE user_sessions SET expires_at = now() + interval '1 second' WHERE id = $1`,
          [session_id],
        ),
    ],
  ])('refuses the token of a session when %s', async (_case, end) => {
    const { tokens, claims } = await mirrored();
    await end(tokens, claims);
    await becomes(claims, 'refused');
  });

  it('accepts the tokens again when their tenant is reactivated, and not those of a session that has ended', async () => {
    const [ended, kept] = [await mirrored(), await mirrored()];
    const set = (status: string) =>
      database.sql('UPDATE tenants SET status = $2 WHERE id = $1', [tenant.tenantId, status]);
    await here.call('POST', '/auth/logout', { token: ended.tokens.accessToken });
    await set('suspended');
    await becomes(kept.claims, 'refused');
    await set('active');
    await becomes(kept.claims, 'active');
    expect(await seen(ended.claims)).toBe('refused');
  });

  it.each<[string, string, (claims: Claims) => Promise<unknown>]>([
    [
      'are granted to them',
      'view_audit',
      ({ sub }) =>
        database.sql(`UPDATE users SET permissions = '["view_audit"]' WHERE id = $1`, [sub]),
    ],
    [
      'come with another role',
      'manage_users',
      ({ sub }) => database.sql(`UPDATE users SET role = 'manager' WHERE id = $1`, [sub]),
    ],
    [
      'come with a custom role',
      'view_usage',
      ({ sub }) =>
        database.sql('UPDATE users SET custom_role_id = $2 WHERE id = $1', [sub, roleId]),
    ],
    [
      'are added to their custom role',
      'manage_invites',
      async (claims) => {
        await database.sql('UPDATE users SET custom_role_id = $2 WHERE id = $1', [
          claims.sub,
          roleId,
        ]);
        await expect.poll(() => redis.get(permissionsOf(claims)), SOON).toContain('view_usage');
        await database.sql(
          `UPDATE tenant_roles SET permissions = '["manage_invites"]' WHERE id = $1`,
          [roleId],
        );
      },
    ],
  ])('has the permissions of a user that %s', async (_how, permission, change) => {
    const { claims } = await mirrored();
    expect(await redis.get(permissionsOf(claims))).not.toContain(permission);
    await change(claims);
    await expect.poll(() => redis.get(permissionsOf(claims)), SOON).toContain(permission);
  });

  it('has no permissions of a user without a session', async () => {
    const { tokens, claims } = await mirrored();
    await here.call('POST', '/auth/logout', { token: tokens.accessToken });
    await expect.poll(() => redis.exists(permissionsOf(claims)), SOON).toBe(0);
  });

  it('shows the last use of a session, which it records once a minute', async () => {
    const { tokens, claims } = await mirrored();
    const age = () =>
      database.sql(
        `UPDATE session_changes SET last_accessed_at = now() - interval '2 minutes' WHERE session_id = $1`,
        [claims.session_id],
      );
    const lastUse = async () => {
      const answer = await there.call<{ items: { id: string; lastUsedAt: string }[] }>(
        'GET',
        '/auth/sessions',
        { token: tokens.accessToken },
      );
      const session = answer.data.items.find(({ id }) => id === claims.session_id);
      return Date.now() - Date.parse(session?.lastUsedAt ?? '');
    };
    await age();
    expect(await here.probe(tokens.accessToken)).toBe('accepted');
    await here.app.get(SessionUses).flush();
    expect(await lastUse()).toBeLessThan(MINUTE);
    const inMirror = async () => {
      const text = (await redis.get(keyOf(claims))) ?? '{}';
      return Date.now() - Date.parse((JSON.parse(text) as { lastAccessed: string }).lastAccessed);
    };
    await expect.poll(inMirror, SOON).toBeLessThan(MINUTE);
    // Both have noted the session now, and neither records it again.
    await there.app.get(SessionUses).flush();
    await age();
    expect(await here.probe(tokens.accessToken)).toBe('accepted');
    await here.app.get(SessionUses).flush();
    expect(await lastUse()).toBeGreaterThan(MINUTE);
  });

  it('is complete again after Redis was flushed, with the tokens that were refused before', async () => {
    const [ended, active] = [await mirrored(), await mirrored()];
    await here.call('POST', '/auth/logout', { token: ended.tokens.accessToken });
    await becomes(ended.claims, 'refused');
    await redis.flushall();
    await becomes(ended.claims, 'refused');
    await becomes(active.claims, 'active');
    expect(await redis.zcard(listOf(active.claims))).toBe(1);
  });

  it.each([
    ['frozen', () => redis.client('PAUSE', 2_500, 'ALL'), () => redis.ping()],
    [
      'full',
      () => redis.config('SET', 'maxmemory', '1'),
      () => redis.config('SET', 'maxmemory', '0'),
    ],
    ['stopped', () => server.stop(), restartRedis],
  ])(
    'follows what happened while Redis was %s, and no request failed',
    async (_what, begin, end) => {
      const { tokens, claims } = await mirrored();
      await begin();
      let later: Tokens;
      try {
        later = await logIn(user, there);
        expect((await here.refresh(later.refreshToken)).status).toBe(200);
        expect(
          (await here.call('POST', '/auth/logout', { token: tokens.accessToken })).status,
        ).toBe(200);
      } finally {
        await end();
      }
      await becomes(claims, 'refused');
      await becomes(claimsOf(later), 'active');
    },
  );

  it('is continued by another instance when its writer stops', async () => {
    const { claims } = await mirrored();
    await there.app.close();
    await restartThere();
    const next = await mirrored(user, there);
    expect(await seen(claims)).toBe('active');
    expect(await redis.zcard(listOf(next.claims))).toBe(2);
  });
});
