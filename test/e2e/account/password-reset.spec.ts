import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD_PASSWORD } from '../service.fixture.js';
import { type AccountScene, accountScene, tokenIn } from './account.fixture.js';

const OTHER_PASSWORD = 'nove baleias cantam cedo';

let scene: AccountScene;

beforeAll(async () => {
  scene = await accountScene();
});

afterAll(() => scene?.service.stop());

const reset = (token: string, newPassword = GOOD_PASSWORD, host = scene.tenant.host) =>
  scene.post('/auth/password/reset', { token, newPassword }, host);

const INVALID = { status: 400, error: { code: 'INVALID_LINK' } };

describe('A link to reset a password', () => {
  it('sets the password once, ends every session and opens none', async () => {
    const { service, tenant, resetToken, user, mails } = scene;
    const member = await user();
    const session = await service.login(tenant.host, member);
    const token = await resetToken(member);
    const answer = await reset(token);
    expect(answer.status).toBe(200);
    expect(answer.data).toEqual({ email: member.email });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await service.probe(session.tokens.accessToken)).toBe('TOKEN_REVOKED');
    await expect(service.login(tenant.host, member)).rejects.toThrow('401');
    const { user: changed } = await service.login(tenant.host, {
      ...member,
      password: GOOD_PASSWORD,
    });
    expect(changed).toMatchObject({ emailVerified: true });
    expect(await reset(token, OTHER_PASSWORD)).toMatchObject(INVALID);
    expect(mails.kindsTo(member.email)).toContain('password_changed');
  });

  it('of 20 uses at once succeeds in one', async () => {
    const member = await scene.user();
    const token = await scene.resetToken(member);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, use) => reset(token, `${GOOD_PASSWORD} ${use}`)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 200)).toSatisfy((refused: typeof answers) =>
      refused.every(({ error }) => error.code === 'INVALID_LINK'),
    );
  });

  it.each([
    ['altered', (token: string) => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')],
    ['cut off', (token: string) => token.slice(0, -5)],
    ['longer', (token: string) => `${token}A`],
    ['without its prefix', (token: string) => token.slice(5)],
    ['not a token', () => 'x'],
  ])('whose token is %s changes nothing', async (_how, change) => {
    const member = await scene.user();
    const token = await scene.resetToken(member);
    expect(await reset(change(token))).toMatchObject(INVALID);
    await scene.service.login(scene.tenant.host, member);
    expect((await reset(token)).status).toBe(200);
  });

  it('is of no use at the host of another tenant', async () => {
    const { hostile, user, resetToken } = scene;
    const member = await user();
    const token = await resetToken(member);
    expect(await reset(token, GOOD_PASSWORD, hostile.host)).toMatchObject(INVALID);
    expect((await reset(token)).status).toBe(200);
  });

  it('is of no use after 30 minutes', async () => {
    const { service, user, resetToken } = scene;
    const member = await user();
    const token = await resetToken(member);
    await service.sql(
      `UPDATE one_time_tokens SET expires_at = expires_at - interval '30 minutes' WHERE user_id = $1`,
      [member.userId],
    );
    expect(await reset(token)).toMatchObject(INVALID);
    await service.login(scene.tenant.host, member);
  });

  it('is invalidated by a later one', async () => {
    const member = await scene.user();
    const first = await scene.resetToken(member);
    const second = await scene.resetToken(member, 2);
    expect(await reset(first)).toMatchObject(INVALID);
    expect((await reset(second)).status).toBe(200);
  });

  it('is invalidated when the user changes the password', async () => {
    const { service, tenant, user, resetToken, tokenOf } = scene;
    const member = await user();
    const token = await resetToken(member);
    const changed = await service.call('PUT', '/auth/password', {
      host: tenant.host,
      token: await tokenOf(member),
      body: { currentPassword: member.password, newPassword: GOOD_PASSWORD },
    });
    expect(changed.status).toBe(200);
    expect(await reset(token, OTHER_PASSWORD)).toMatchObject(INVALID);
  });

  it('stays usable after a password that is refused', async () => {
    const { service, tenant, user, resetToken } = scene;
    const member = await user();
    const token = await resetToken(member);
    for (const refused of ['password', member.password])
      expect(await reset(token, refused)).toMatchObject({ error: { code: 'VALIDATION_ERROR' } });
    await service.login(tenant.host, member);
    expect((await reset(token)).status).toBe(200);
  });

  it('lifts the lock of the account', async () => {
    const { service, tenant, user, resetToken, post } = scene;
    const member = await user();
    for (let failure = 0; failure < 6; failure += 1)
      await post('/auth/login', { email: member.email, password: 'wrong password' });
    await expect(service.login(tenant.host, member)).rejects.toThrow('401');
    expect((await reset(await resetToken(member))).status).toBe(200);
    await service.login(tenant.host, { ...member, password: GOOD_PASSWORD });
  });

  it('replaces a temporary password that has expired, and not by itself', async () => {
    const { service, tenant, user, resetToken } = scene;
    const member = await user();
    await service.sql(
      'UPDATE users SET must_change_password = true, temporary_password_expires_at = now() WHERE id = $1',
      [member.userId],
    );
    const token = await resetToken(member);
    expect((await reset(token, member.password)).status).toBe(400);
    expect((await reset(token)).status).toBe(200);
    await service.login(tenant.host, { ...member, password: GOOD_PASSWORD });
  });

  it('leads to the pages of the tenant, whatever the headers of the request say', async () => {
    const { tenant, user, post, mails } = scene;
    const { email } = await user();
    await post('/auth/password/forgot', { email }, tenant.host, {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      forwarded: 'host=evil.example;proto=gopher',
      origin: 'https://evil.example',
      referer: 'https://evil.example/',
    });
    const { link } = (await mails.next('reset_password', email)).values;
    expect(link).toMatch(
      new RegExp(`^http://${tenant.subdomain}\\.localhost/reset-password#token=pto1_[\\w-]{43}$`),
    );
    const named = { 'x-tenant-id': tenant.tenantId };
    await post('/auth/password/forgot', { email }, 'evil.example', named);
    expect((await mails.next('reset_password', email, 2)).values.link).toContain(
      `${tenant.subdomain}.localhost/`,
    );
  });
});

describe('A request for a link to reset a password', () => {
  it('sends nothing to users who are suspended, inactive, unknown or of another tenant', async () => {
    const { service, hostile, user, post, mails, resetToken } = scene;
    const emails = [
      (await user({ status: 'suspended' })).email,
      (await user({ status: 'inactive' })).email,
      (await service.user(hostile.tenantId)).email,
      `${randomUUID()}@example.com`,
    ];
    const member = await user();
    const answers = [];
    for (const email of [...emails, member.email])
      answers.push(await post('/auth/password/forgot', { email }));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['202 {"success":true,"data":{"accepted":true}}']),
    );
    // Requests of one tenant are worked on in their order.
    await mails.next('reset_password', member.email);
    await resetToken(member, 2);
    expect(emails.flatMap((email) => mails.kindsTo(email))).toEqual([]);
  });

  it('is in the audit log without the address and the token', async () => {
    const { service, user, resetToken } = scene;
    const member = await user();
    const token = await resetToken(member);
    const [event] = await service.sql<{ type: string; actor_id: string | null; all: string }>(
      `SELECT type, actor_id, to_jsonb(e)::text AS all FROM security_events e
        WHERE target_id = $1 AND type = 'password.reset_requested'`,
      [member.userId],
    );
    expect(event).toMatchObject({ actor_id: null });
    expect(event?.all).not.toContain(member.email);
    expect(event?.all).not.toContain(token);
    const [stored] = await service.sql<{ all: string }>(
      'SELECT to_jsonb(t)::text AS all FROM one_time_tokens t WHERE user_id = $1',
      [member.userId],
    );
    expect(stored?.all).not.toContain(token);
  });
});

describe('A link to reset a password that an admin sends', () => {
  const send = (token: string, userId: string) =>
    scene.service.call('POST', `/auth/users/${userId}/send-password-reset`, { token });

  it('reaches the user, and the admin never sees it', async () => {
    const { user, mails, tokenOf } = scene;
    const [admin, member] = [await user({ role: 'admin' }), await user()];
    const answer = await send(await tokenOf(admin), member.userId);
    expect(answer).toMatchObject({ status: 202, data: { accepted: true } });
    const token = tokenIn(await mails.next('reset_password', member.email));
    expect(answer.text).not.toContain(token);
    expect((await reset(token)).status).toBe(200);
  });

  it('is refused for users above the caller, of another tenant, and who are not active', async () => {
    const { service, hostile, user, tokenOf, mails } = scene;
    const [manager, admin] = [await user({ role: 'manager' }), await user({ role: 'admin' })];
    const foreign = await service.user(hostile.tenantId);
    const suspended = await user({ status: 'suspended' });
    const token = await tokenOf(manager);
    expect(await send(token, admin.userId)).toMatchObject({ status: 403 });
    expect(await send(token, foreign.userId)).toMatchObject({ status: 404 });
    expect(await send(token, suspended.userId)).toMatchObject({ status: 400 });
    for (const { email } of [admin, foreign, suspended]) expect(mails.to(email)).toEqual([]);
  });
});
