import { randomUUID } from 'node:crypto';
import type { SeededUser } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD_PASSWORD, type Tokens } from '../service.fixture.js';
import { type AccountScene, accountScene, tokenIn } from './account.fixture.js';

let scene: AccountScene;

beforeAll(async () => {
  scene = await accountScene();
});

afterAll(() => scene?.service.stop());

const INVALID = { status: 400, error: { code: 'INVALID_LINK' } };

const newAddress = () => `${randomUUID()}@new.example`;

const profileOf = async (token: string) =>
  (await scene.service.call<{ user: Record<string, unknown> }>('GET', '/auth/me', { token })).data
    .user;

/** Asks for a change of the address. */
async function change(member: SeededUser, newEmail: string) {
  const body = { newEmail };
  const token = await scene.tokenOf(member);
  return scene.service.call('PUT', '/auth/email', { token, body });
}

/** Changes the address, and returns the token of the undo. */
async function changed(member: SeededUser, newEmail: string, count = 1) {
  await change(member, newEmail);
  const token = tokenIn(await scene.mails.next('confirm_new_email', newEmail));
  const answer = await scene.post('/auth/email/confirm', { token });
  expect(answer).toMatchObject({ status: 200, data: { email: newEmail } });
  return tokenIn(await scene.mails.next('email_changed', member.email, count));
}

describe('A link that verifies an address', () => {
  const send = (token: string) =>
    scene.service.call('POST', '/auth/email/send-verification', { token });

  it('verifies it once, in its tenant alone', async () => {
    const { user, tokenOf, mails, post, hostile } = scene;
    const member = await user();
    const session = await tokenOf(member);
    expect(await profileOf(session)).toMatchObject({ emailVerified: false });
    expect((await send(session)).status).toBe(202);
    const token = tokenIn(await mails.next('verify_email', member.email));
    expect(await post('/auth/email/verify', { token }, hostile.host)).toMatchObject(INVALID);
    expect((await post('/auth/email/verify', { token })).data).toEqual({ email: member.email });
    expect(await profileOf(session)).toMatchObject({ emailVerified: true });
    expect(await post('/auth/email/verify', { token })).toMatchObject(INVALID);
    await send(session);
    expect(mails.to(member.email)).toHaveLength(1);
  });

  it('is not used up by a GET request', async () => {
    const { service, tenant, user, tokenOf, mails, post } = scene;
    const member = await user();
    await send(await tokenOf(member));
    const token = tokenIn(await mails.next('verify_email', member.email));
    const query = { token };
    const read = await service.call('GET', '/auth/email/verify', { host: tenant.host, query });
    expect(read.status).toBe(405);
    expect((await post('/auth/email/verify', { token })).status).toBe(200);
  });

  it('is of no use after an admin has set another address', async () => {
    const { service, user, tokenOf, mails, post } = scene;
    const [member, admin] = [await user(), await user({ role: 'admin' })];
    await send(await tokenOf(member));
    const token = tokenIn(await mails.next('verify_email', member.email));
    const changedByAdmin = await service.call('PATCH', `/auth/users/${member.userId}`, {
      token: await tokenOf(admin),
      body: { email: newAddress() },
    });
    expect(changedByAdmin.status).toBe(200);
    expect(await post('/auth/email/verify', { token })).toMatchObject(INVALID);
  });
});

describe('A change of the address', () => {
  it('takes effect when the new address is proved, and not before', async () => {
    const { service, tenant, user, mails, tokenOf } = scene;
    const [member, newEmail] = [await user(), newAddress()];
    await change(member, newEmail);
    expect(await profileOf(await tokenOf(member))).toMatchObject({ email: member.email });
    const token = tokenIn(await mails.next('confirm_new_email', newEmail));
    const { post } = scene;
    expect(await post('/auth/email/confirm', { token }, scene.hostile.host)).toMatchObject(INVALID);
    expect((await post('/auth/email/confirm', { token })).status).toBe(200);
    expect(await post('/auth/email/confirm', { token })).toMatchObject(INVALID);
    await expect(service.login(tenant.host, member)).rejects.toThrow('401');
    const moved = await service.login(tenant.host, { ...member, email: newEmail });
    expect(moved.user).toMatchObject({ email: newEmail, emailVerified: true });
    const told = await mails.next('email_changed', member.email);
    expect(told.values.newEmail).toBe(`${newEmail[0]}***@new.example`);
  });

  it('needs a proof of identity of the last 15 minutes', async () => {
    const { service, tenant, user, mails } = scene;
    const [member, newEmail] = [await user(), newAddress()];
    const { tokens } = await service.login(tenant.host, member);
    await service.sql(
      `UPDATE user_sessions SET authenticated_at = now() - interval '16 minutes' WHERE user_id = $1`,
      [member.userId],
    );
    const { accessToken: token } = (await service.refresh(tokens.refreshToken)).data;
    const request = (proved: string) =>
      service.call('PUT', '/auth/email', { token: proved, body: { newEmail } });
    const refused = await request(token);
    expect([refused.status, refused.error.code]).toEqual([401, 'STEP_UP_REQUIRED']);
    expect(mails.to(newEmail)).toEqual([]);
    const body = { password: member.password };
    const proof = await service.call<Tokens>('POST', '/auth/step-up', { token, body });
    expect((await request(proof.data.accessToken)).status).toBe(202);
  });

  it('answers alike for an address that another user has, who is told', async () => {
    const { user, mails } = scene;
    const [member, other] = [await user(), await user()];
    const [taken, free] = [await change(member, other.email), await change(member, newAddress())];
    expect(`${taken.status} ${taken.text}`).toBe(`${free.status} ${free.text}`);
    await mails.next('known_address', other.email);
    expect(mails.kindsTo(other.email)).toEqual(['known_address']);
  });

  it('is refused if the address was taken since', async () => {
    const { service, tenant, user, mails, post } = scene;
    const [member, newEmail] = [await user(), newAddress()];
    await change(member, newEmail);
    const token = tokenIn(await mails.next('confirm_new_email', newEmail));
    await user({ email: newEmail });
    expect(await post('/auth/email/confirm', { token })).toMatchObject(INVALID);
    await service.login(tenant.host, member);
  });
});

describe('The undo of a change of the address', () => {
  it('restores the address, ends all sessions and leaves only a reset of the password', async () => {
    const { service, tenant, user, mails, post } = scene;
    const [member, newEmail] = [await user(), newAddress()];
    const undo = await changed(member, newEmail);
    const thief = { ...member, email: newEmail };
    const session = await service.login(tenant.host, thief);
    expect(await post('/auth/email/undo', { token: undo }, scene.hostile.host)).toMatchObject(
      INVALID,
    );
    expect((await post('/auth/email/undo', { token: undo })).data).toEqual({ email: member.email });
    expect(await post('/auth/email/undo', { token: undo })).toMatchObject(INVALID);
    expect(await service.probe(session.tokens.accessToken)).toBe('TOKEN_REVOKED');
    for (const tried of [thief, member])
      await expect(service.login(tenant.host, tried)).rejects.toThrow('401');
    const renewed = await post('/auth/password/renew', {
      email: member.email,
      currentPassword: member.password,
      newPassword: GOOD_PASSWORD,
    });
    expect(renewed.error.code).toBe('INVALID_CREDENTIALS');
    const token = tokenIn(await mails.next('reset_password', member.email));
    await post('/auth/password/reset', { token, newPassword: GOOD_PASSWORD });
    await service.login(tenant.host, { ...member, password: GOOD_PASSWORD });
  });

  it('of the first change works after a second one and its undo, by which a thief gains nothing', async () => {
    const { user, post } = scene;
    const [member, first, second] = [await user(), newAddress(), newAddress()];
    const undo = await changed(member, first);
    const undoOfThief = await changed({ ...member, email: first }, second);
    expect((await post('/auth/email/undo', { token: undoOfThief })).data).toEqual({ email: first });
    expect((await post('/auth/email/undo', { token: undo })).data).toEqual({ email: member.email });
  });

  it('of the first change invalidates that of the second', async () => {
    const { user, post } = scene;
    const [member, first, second] = [await user(), newAddress(), newAddress()];
    const undo = await changed(member, first);
    const undoOfThief = await changed({ ...member, email: first }, second);
    expect((await post('/auth/email/undo', { token: undo })).data).toEqual({ email: member.email });
    expect(await post('/auth/email/undo', { token: undoOfThief })).toMatchObject(INVALID);
  });

  it('works for 72 hours', async () => {
    const { service, user, post } = scene;
    const member = await user();
    const undo = await changed(member, newAddress());
    const age = (hours: number) =>
      service.sql(
        `UPDATE one_time_tokens SET expires_at = expires_at - $2 * interval '1 hour' WHERE user_id = $1`,
        [member.userId, hours],
      );
    await age(72);
    expect(await post('/auth/email/undo', { token: undo })).toMatchObject(INVALID);
    await age(-1);
    expect((await post('/auth/email/undo', { token: undo })).status).toBe(200);
  });
});
