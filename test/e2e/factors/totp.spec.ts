import { redisUrl } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FactorRepository } from '../../../apps/auth-service/src/factor/factor.repository.js';
import { ServiceFixture } from '../service.fixture.js';
import { workspaceOf } from '../users/users.fixture.js';
import {
  type Added,
  addTotp,
  eventsOf,
  inParallel,
  listFactors,
  type StartedTotp,
  stepUp,
  totpCode,
  verifyFactor,
  wrongCode,
} from './factors.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({ REDIS_URL: redisUrl() });
});

afterAll(async () => {
  await service?.stop();
});

const start = (token: string, body: object = {}) =>
  service.call<StartedTotp>('POST', '/auth/factors/totp', { token, body });

const confirm = (token: string, id: string, code: string) =>
  service.call<Added>('POST', `/auth/factors/totp/${id}/confirm`, { token, body: { code } });

async function member() {
  const workspace = await workspaceOf(service);
  const user = await workspace.join('user');
  return { ...workspace, ...user };
}

describe('An authenticator app', () => {
  it('is a factor once its first code is confirmed, which shows the recovery codes once', async () => {
    const user = await member();
    const { token, email, tenantId } = user;
    await service.sql(`UPDATE tenants SET name = 'Açaí: Ltda' WHERE id = $1`, [tenantId]);
    const started = await start(token, { name: 'Phone' });
    expect(started.status).toBe(201);
    const { id, secret, uri, qrCode } = started.data;
    expect(new URL(uri).searchParams.get('secret')).toBe(secret);
    expect(decodeURIComponent(uri)).toContain(email);
    expect(qrCode).toMatch(/^<svg /);
    expect((await listFactors(service, token)).items).toEqual([]);

    const confirmed = await confirm(token, id, totpCode(secret));
    expect(confirmed.data.factor).toMatchObject({ id, kind: 'totp', name: 'Phone' });
    expect(confirmed.data.recoveryCodes).toHaveLength(10);
    expect(await listFactors(service, token)).toMatchObject({
      items: [{ id }],
      recoveryCodesRemaining: 10,
    });
    const second = await addTotp(service, await stepUp(service, user));
    expect(second.recoveryCodes).toBeNull();
  });

  it('is not confirmed by a wrong code, twice, or by another user of either tenant', async () => {
    const { token, join } = await member();
    const { id, secret } = (await start(token)).data;
    const others = [await join('admin'), await member()];
    for (const other of others) {
      expect((await confirm(other.token, id, totpCode(secret))).error.code).toBe('NOT_FOUND');
    }
    expect((await confirm(token, id, wrongCode(secret))).error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ field: 'code' }],
    });
    expect((await confirm(token, id, totpCode(secret, -1))).status).toBe(200);
    expect((await confirm(token, id, totpCode(secret))).error.code).toBe('STEP_UP_REQUIRED');
  });

  it('that a thief of the password has begun to add is not confirmed after the user has a factor', async () => {
    const { token } = await member();
    const [theirs, ofThief] = [(await start(token)).data, (await start(token)).data];
    expect((await confirm(token, theirs.id, totpCode(theirs.secret))).status).toBe(200);
    const refused = await confirm(token, ofThief.id, totpCode(ofThief.secret));
    expect(refused.error.code).toBe('STEP_UP_REQUIRED');
  });

  it('that is not confirmed within ten minutes is gone, and no longer counts', async () => {
    const { token, userId } = await member();
    const apps = [];
    for (let count = 0; count < 10; count += 1) apps.push((await start(token)).data);
    expect((await start(token)).error.code).toBe('FACTOR_LIMIT_EXCEEDED');
    await service.sql(
      `UPDATE user_factors SET created_at = now() - interval '10 minutes' WHERE user_id = $1`,
      [userId],
    );
    const { id = '', secret = '' } = apps[0] ?? {};
    expect((await confirm(token, id, totpCode(secret))).error.code).toBe('NOT_FOUND');
    expect((await start(token)).status).toBe(201);
  });

  it('is one of ten factors at most, however many are added at once', async () => {
    const { token, userId } = await member();
    const answers = await Promise.all(Array.from({ length: 20 }, () => start(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array<number>(10).fill(201),
      ...Array<number>(10).fill(403),
    ]);
    const rows = await service.sql('SELECT id FROM user_factors WHERE user_id = $1', [userId]);
    expect(rows).toHaveLength(10);
  });

  it('has its secret encrypted in the database, and in no entry of the audit log', async () => {
    const { token, tenantId, userId } = await member();
    const { secret } = await addTotp(service, token);
    const [row] = await service.sql<{ stored: Buffer; audit: string }>(
      `SELECT f.secret AS stored,
              (SELECT string_agg(coalesce(a.old_data::text, '') || coalesce(a.new_data::text, ''), '') FROM audit_log a
                WHERE a.tenant_id = f.tenant_id AND a.table_name = 'user_factors') AS audit
         FROM user_factors f WHERE f.tenant_id = $1 AND f.user_id = $2`,
      [tenantId, userId],
    );
    expect(row?.stored.toString('latin1')).not.toContain(secret);
    expect(row?.audit).toContain(userId);
    expect(row?.audit).not.toContain(secret);
    expect(row?.audit).not.toContain(row?.stored.toString('hex'));
    expect(await eventsOf(service, tenantId)).toContain('factor.added');
  });

  it('of another row cannot take its place, because a secret is bound to its row', async () => {
    const ours = await member();
    const theirs = await member();
    const app = await addTotp(service, ours.token);
    await addTotp(service, theirs.token);
    await service.sql(
      `UPDATE user_factors SET secret = (SELECT secret FROM user_factors WHERE user_id = $1) WHERE user_id = $2`,
      [ours.userId, theirs.userId],
    );
    const proof = { totp: totpCode(app.secret) };
    expect(await verifyFactor(service, theirs, proof)).toContain('was altered');
  });
});

describe('A code', () => {
  it('proves its user once, with the method otp', async () => {
    const user = await member();
    const { secret, factor } = await addTotp(service, user.token);
    const proof = { totp: totpCode(secret) };
    expect(await verifyFactor(service, user, proof)).toEqual({ kind: 'totp', amr: ['otp'] });
    expect(await verifyFactor(service, user, proof)).toBe('INVALID_CREDENTIALS');
    const [used] = (await listFactors(service, user.token)).items;
    expect(used).toMatchObject({ id: factor.id, lastUsedAt: expect.any(String) });
  });

  it('is used once in twenty uses at once', async () => {
    const user = await member();
    const { secret, factor } = await addTotp(service, user.token);
    const factors = service.app.get(FactorRepository, { strict: false });
    const step = Math.floor(Date.now() / 30_000);
    const used = await inParallel(service, user, 20, () => factors.useStep(factor.id, step));
    expect(used.filter(Boolean)).toHaveLength(1);
    const proofs = Array.from({ length: 20 }, () =>
      verifyFactor(service, user, { totp: totpCode(secret) }),
    );
    expect((await Promise.all(proofs)).filter((proven) => typeof proven !== 'string')).toEqual([]);
  });

  it('of an app that is not confirmed, of another user and of another tenant proves no one', async () => {
    const user = await member();
    const colleague = await user.join('user');
    const stranger = await member();
    const { secret: pending } = (await start(user.token)).data;
    expect(await verifyFactor(service, user, { totp: totpCode(pending) })).toBe(
      'INVALID_CREDENTIALS',
    );
    const { secret } = await addTotp(service, user.token);
    await addTotp(service, colleague.token);
    await addTotp(service, stranger.token);
    const code = { totp: totpCode(secret) };
    expect(await verifyFactor(service, { ...user, ...colleague }, code)).toBe(
      'INVALID_CREDENTIALS',
    );
    expect(await verifyFactor(service, stranger, code)).toBe('INVALID_CREDENTIALS');
    expect(await verifyFactor(service, user, code)).toMatchObject({ kind: 'totp' });
  });

  it('that is wrong counts for the lock of the account: the sixth locks it, also for a right code', async () => {
    const user = await member();
    const { secret } = await addTotp(service, user.token);
    const wrong = { totp: wrongCode(secret) };
    for (let count = 0; count < 6; count += 1) {
      expect(await verifyFactor(service, user, wrong)).toBe('INVALID_CREDENTIALS');
    }
    const right = { totp: totpCode(secret) };
    expect(await verifyFactor(service, user, right)).toBe('INVALID_CREDENTIALS');
    const login = await service.call('POST', '/auth/login', {
      host: user.host,
      body: { email: user.email, password: user.password },
    });
    expect(login.error.code).toBe('INVALID_CREDENTIALS');
    expect(await eventsOf(service, user.tenantId)).toContain('account.locked');
  });
});
