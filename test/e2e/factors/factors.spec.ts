import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FactorRepository } from '../../../apps/auth-service/src/factor/factor.repository.js';
import { RecoveryCodeRepository } from '../../../apps/auth-service/src/factor/recovery/recovery-code.repository.js';
import { hashOfRecoveryCode } from '../../../apps/auth-service/src/factor/recovery/recovery-codes.js';
import { TenantService } from '../../../apps/auth-service/src/tenant/tenant.service.js';
import { ServiceFixture } from '../service.fixture.js';
import { claimsOf, UNKNOWN_ID, workspaceOf } from '../users/users.fixture.js';
import {
  addTotp,
  eventsOf,
  type Factor,
  type FactorList,
  inParallel,
  listFactors,
  stepUp,
  totpCode,
  verifyFactor,
} from './factors.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

async function member(role: 'user' | 'manager' | 'admin' = 'user') {
  const workspace = await workspaceOf(service);
  return { ...workspace, ...(await workspace.join(role)) };
}

/** A member with an authenticator app, who has proved it in this session. */
async function protectedMember() {
  const user = await member();
  const { factor, secret, recoveryCodes } = await addTotp(service, user.token);
  const token = await stepUp(service, user);
  return { ...user, token, factor, secret, recoveryCodes: recoveryCodes ?? [] };
}

const rename = (token: string, id: string, name: string) =>
  service.call<Factor>('PATCH', `/auth/factors/${id}`, { token, body: { name } });

const remove = (token: string, id: string) =>
  service.call('DELETE', `/auth/factors/${id}`, { token });

const replaceCodes = (token: string) =>
  service.call<{ recoveryCodes: string[] }>('POST', '/auth/factors/recovery-codes', { token });

const mailsTo = (userId: string) =>
  service.sql<{ kind: string }>('SELECT kind FROM outgoing_mails WHERE user_id = $1 ORDER BY id', [
    userId,
  ]);

describe('A factor', () => {
  it('is renamed and removed by its user alone, with events and notices by mail', async () => {
    const user = await protectedMember();
    const admin = await user.join('admin');
    const stranger = await member('admin');
    for (const { token } of [admin, stranger]) {
      expect((await rename(token, user.factor.id, 'Mine')).error.code).toBe('NOT_FOUND');
      expect((await remove(token, user.factor.id)).error.code).toBe('NOT_FOUND');
    }
    expect((await rename(user.token, user.factor.id, 'Phone')).data).toMatchObject({
      id: user.factor.id,
      name: 'Phone',
    });
    expect((await rename(user.token, UNKNOWN_ID, 'Phone')).error.code).toBe('NOT_FOUND');
    expect((await remove(user.token, user.factor.id)).status).toBe(200);
    expect(await listFactors(service, user.token)).toMatchObject({
      items: [],
      recoveryCodesRemaining: 0,
    });
    const events = await eventsOf(service, user.tenantId);
    expect(events).toEqual(
      expect.arrayContaining(['factor.added', 'factor.renamed', 'factor.removed']),
    );
    expect(await mailsTo(user.userId)).toEqual([
      { kind: 'factor_added' },
      { kind: 'factor_removed' },
    ]);
  });

  it('is added or removed, and codes are replaced, only after a fresh proof of the factor', async () => {
    const user = await member();
    const { factor } = await addTotp(service, user.token);
    // A session with the password alone, as a thief may have it.
    for (const answer of [
      await service.call('POST', '/auth/factors/totp', { token: user.token, body: {} }),
      await service.call('POST', '/auth/factors/passkeys/options', { token: user.token }),
      await remove(user.token, factor.id),
      await replaceCodes(user.token),
    ])
      expect(answer.error.code).toBe('STEP_UP_REQUIRED');
    expect((await replaceCodes(await stepUp(service, user))).status).toBe(201);
  });

  it('stays if it is the last one and the tenant requires one', async () => {
    const user = await protectedMember();
    const second = await addTotp(service, user.token);
    const tenants = service.app.get(TenantService, { strict: false });
    const [settings] = await inParallel(service, user, 1, () => tenants.settings());
    if (settings === undefined) throw new Error('There are no settings.');
    vi.spyOn(tenants, 'settings').mockResolvedValue({
      ...settings,
      security: { ...settings.security, requireMFA: true },
    });
    const removals = await Promise.all([
      remove(user.token, user.factor.id),
      remove(user.token, second.factor.id),
    ]);
    expect(removals.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(removals.find(({ status }) => status === 409)?.error.code).toBe('LAST_FACTOR');
    expect((await listFactors(service, user.token)).items).toHaveLength(1);
    vi.restoreAllMocks();
  });

  it('shows in users.factors, which the status of every session has', async () => {
    const user = await protectedMember();
    const factorsOf = async () =>
      (await service.sql('SELECT factors FROM users WHERE id = $1', [user.userId]))[0];
    expect(await factorsOf()).toEqual({ factors: ['totp'] });
    await remove(user.token, user.factor.id);
    expect(await factorsOf()).toEqual({ factors: [] });
    expect(claimsOf(user.token)['amr']).toContain('mfa');
  });
});

describe('Recovery codes', () => {
  it('prove their user once each, and the list shows how many are left', async () => {
    const user = await protectedMember();
    const [code = ''] = user.recoveryCodes;
    expect(await verifyFactor(service, user, { recoveryCode: code.toLowerCase() })).toEqual({
      kind: 'recovery_code',
      amr: ['recovery'],
    });
    expect(await verifyFactor(service, user, { recoveryCode: code })).toBe('INVALID_CREDENTIALS');
    expect((await listFactors(service, user.token)).recoveryCodesRemaining).toBe(9);
    expect(await eventsOf(service, user.tenantId)).toContain('recovery_codes.used');
  });

  it('are used once in twenty uses at once', async () => {
    const user = await protectedMember();
    const hash = hashOfRecoveryCode(user.recoveryCodes[0] ?? '');
    const codes = service.app.get(RecoveryCodeRepository, { strict: false });
    const used = await inParallel(service, user, 20, () => codes.use(hash));
    expect(used.filter(Boolean)).toHaveLength(1);
  });

  it('of another user and of another tenant prove no one', async () => {
    const user = await protectedMember();
    const stranger = await protectedMember();
    const recoveryCode = user.recoveryCodes[0] ?? '';
    expect(await verifyFactor(service, stranger, { recoveryCode })).toBe('INVALID_CREDENTIALS');
    expect((await listFactors(service, user.token)).recoveryCodesRemaining).toBe(10);
  });

  it('are replaced as a whole, and need a factor that they replace', async () => {
    const user = await protectedMember();
    const { recoveryCodes } = (await replaceCodes(user.token)).data;
    expect(recoveryCodes).toHaveLength(10);
    const [former = ''] = user.recoveryCodes;
    expect(await verifyFactor(service, user, { recoveryCode: former })).toBe('INVALID_CREDENTIALS');
    expect(
      await verifyFactor(service, user, { recoveryCode: recoveryCodes[0] ?? '' }),
    ).toMatchObject({ kind: 'recovery_code' });
    expect((await replaceCodes((await member()).token)).error.code).toBe('NOT_FOUND');
  });

  it('are stored by their hashes, and appear in no entry of the audit log', async () => {
    const user = await protectedMember();
    const [row] = await service.sql<{ text: string }>(
      `SELECT (SELECT string_agg(to_jsonb(c)::text, '') FROM recovery_codes c WHERE c.tenant_id = $1)
           || (SELECT string_agg(to_jsonb(a)::text, '') FROM audit_log a WHERE a.tenant_id = $1)
           || (SELECT string_agg(to_jsonb(e)::text, '') FROM security_events e WHERE e.tenant_id = $1) AS text`,
      [user.tenantId],
    );
    for (const code of user.recoveryCodes) {
      expect(row?.text).not.toContain(code);
      expect(row?.text).not.toContain(code.replaceAll('-', ''));
    }
  });
});

describe('An admin', () => {
  const factorsPath = (userId: string) => `/auth/users/${userId}/factors`;

  it("sees the kinds, names and dates of a user's factors, and no secret", async () => {
    const user = await protectedMember();
    const { token } = await user.join('admin');
    const answer = await service.call<FactorList>('GET', factorsPath(user.userId), { token });
    expect(answer.data.items).toEqual([
      {
        id: user.factor.id,
        kind: 'totp',
        name: 'Authenticator app',
        createdAt: expect.any(String),
        lastUsedAt: null,
      },
    ]);
    expect(answer.text).not.toContain(user.secret);
  });

  it("resets a user's factors, which ends their sessions and tells them", async () => {
    const user = await protectedMember();
    const { token } = await user.join('admin');
    const reset = await service.call<{ revoked: number }>('DELETE', factorsPath(user.userId), {
      token,
    });
    expect(reset).toMatchObject({ status: 200, data: { revoked: 1 } });
    expect(await service.probe(user.token)).toBe('TOKEN_REVOKED');
    const proof = { totp: totpCode(user.secret) };
    expect(await verifyFactor(service, user, proof)).toBe('INVALID_CREDENTIALS');
    expect(await eventsOf(service, user.tenantId)).toContain('factor.reset');
    expect((await mailsTo(user.userId)).at(-1)).toEqual({ kind: 'factors_reset' });
    const rows = await service.sql(
      `SELECT id FROM user_factors WHERE user_id = $1 UNION ALL SELECT id FROM recovery_codes WHERE user_id = $1`,
      [user.userId],
    );
    expect(rows).toEqual([]);
  });

  it('resets neither their own factors, nor those of a user above them, nor those of another tenant', async () => {
    const workspace = await workspaceOf(service);
    const manager = await workspace.join('manager');
    const admin = await workspace.join('admin');
    const stranger = await protectedMember();
    const reset = async (token: string, userId: string) =>
      (await service.call('DELETE', factorsPath(userId), { token })).error.code;
    expect(await reset(manager.token, manager.userId)).toBe('INSUFFICIENT_PERMISSIONS');
    expect(await reset(manager.token, admin.userId)).toBe('INSUFFICIENT_PERMISSIONS');
    expect(await reset(admin.token, stranger.userId)).toBe('NOT_FOUND');
    expect((await listFactors(service, stranger.token)).items).toHaveLength(1);
  });
});

describe('The database', () => {
  it('gives the secrets of a factor to its user alone, also if an admin asks it', async () => {
    const user = await protectedMember();
    const admin = await user.join('admin');
    const factors = service.app.get(FactorRepository, { strict: false });
    const [seen = []] = await inParallel(service, { ...user, userId: admin.userId }, 1, () =>
      factors.ownSecrets(),
    );
    expect(seen).toEqual([]);
    const [own = []] = await inParallel(service, user, 1, () => factors.ownSecrets());
    expect(own).toMatchObject([{ id: user.factor.id, kind: 'totp' }]);
  });

  it('never sets a used step back', async () => {
    const user = await protectedMember();
    const back = service.sql('UPDATE user_factors SET last_step = 0 WHERE user_id = $1', [
      user.userId,
    ]);
    await expect(back).rejects.toMatchObject({ constraint: 'user_factors_stay_used' });
  });
});
