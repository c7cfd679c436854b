import type { SeededUser } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD_PASSWORD } from '../service.fixture.js';
import { type AccountScene, accountScene } from './account.fixture.js';

let scene: AccountScene;

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0';

beforeAll(async () => {
  scene = await accountScene();
});

afterAll(() => scene?.service.stop());

const logIn = ({ email, password }: SeededUser, headers: object = {}) =>
  scene.post('/auth/login', { email, password }, scene.tenant.host, headers);

describe('A user', () => {
  it('is told of a log-in from a new device, and not of the first one or of a known device', async () => {
    const { user, mails } = scene;
    const member = await user();
    const first = await logIn(member);
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    await logIn(member, { cookie });
    expect(mails.kindsTo(member.email)).toEqual([]);
    await logIn(member, { 'user-agent': WINDOWS });
    const { values } = await mails.next('new_device', member.email);
    expect(values).toMatchObject({ device: 'Firefox Windows', address: '127.0.0.1' });
    expect(mails.kindsTo(member.email)).toEqual(['new_device']);
  });

  it('is told of a password that they or an admin have set', async () => {
    const { service, user, mails, tokenOf } = scene;
    const [member, other, admin] = [await user(), await user(), await user({ role: 'admin' })];
    await service.call('PUT', '/auth/password', {
      token: await tokenOf(member),
      body: { currentPassword: member.password, newPassword: GOOD_PASSWORD },
    });
    expect(mails.kindsTo(member.email)).toEqual(['password_changed']);
    const token = await tokenOf(admin);
    await service.call('POST', `/auth/users/${other.userId}/reset-password`, { token });
    expect(mails.kindsTo(other.email)).toEqual(['password_changed']);
    expect(mails.to(admin.email)).toEqual([]);
  });

  it('is told once of a lock of the account', async () => {
    const { user, mails } = scene;
    const member = await user();
    for (let failure = 0; failure < 9; failure += 1)
      await logIn({ ...member, password: 'wrong password' });
    await mails.next('account_locked', member.email);
    expect(mails.kindsTo(member.email)).toEqual(['account_locked']);
  });

  it('is told whatever the tenant has set for other mails', async () => {
    const { service, user, mails, tokenOf } = scene;
    const [member, admin] = [await user(), await user({ role: 'admin' })];
    const token = await tokenOf(admin);
    const set = (email: boolean) =>
      service.call('PATCH', '/tenants/current/settings', {
        token,
        body: { notifications: { email } },
      });
    await set(false);
    for (let failure = 0; failure < 6; failure += 1)
      await logIn({ ...member, password: 'wrong password' });
    await mails.next('account_locked', member.email);
    await set(true);
  });
});

describe('An invitation', () => {
  it('is mailed with its link, again when it is sent again, and returned to the inviter', async () => {
    const { service, user, mails, tokenOf } = scene;
    const token = await tokenOf(await user({ role: 'admin' }));
    const email = 'invited@example.com';
    const sent = await service.call<{ link: string; invitation: { id: string } }>(
      'POST',
      '/auth/invitations',
      { token, body: { email, role: 'viewer' } },
    );
    expect((await mails.next('invitation', email)).values).toMatchObject({
      link: sent.data.link,
      role: 'viewer',
    });
    const path = `/auth/invitations/${sent.data.invitation.id}/resend`;
    const again = await service.call<{ link: string }>('POST', path, { token });
    expect((await mails.next('invitation', email, 2)).values.link).toBe(again.data.link);
  });
});
