import { describe, expect, it } from 'vitest';
import {
  address,
  colleague,
  invite,
  makeLink,
  outcome,
  register,
  resend,
  revoke,
  scene,
  service,
  useInvitationService,
} from './invitations.fixture.js';

useInvitationService();

describe('The permission to invite', () => {
  it("covers roles up to the inviter's own and comes from the role or a personal permission", async () => {
    const at = await scene();
    const manager = { host: at.host, token: (await colleague(at, 'manager')).token };
    const helper = {
      host: at.host,
      token: (await colleague(at, 'user', ['manage_invites'])).token,
    };
    const user = { host: at.host, token: (await colleague(at, 'user')).token };
    expect(outcome(await invite(manager, address(), 'manager'))).toBe('201');
    expect(await invite(manager, address(), 'admin')).toMatchObject({
      status: 403,
      error: { code: 'INSUFFICIENT_PERMISSIONS', details: { reason: 'role_above_own' } },
    });
    expect(outcome(await invite(helper, address(), 'user'))).toBe('201');
    expect(outcome(await invite(helper, address(), 'manager'))).toBe('INSUFFICIENT_PERMISSIONS');
    expect(outcome(await makeLink(helper, { role: 'manager' }))).toBe('INSUFFICIENT_PERMISSIONS');
    expect(outcome(await makeLink(helper, { role: 'viewer' }))).toBe('201');
    expect(outcome(await invite(user, address(), 'viewer'))).toBe('INSUFFICIENT_PERMISSIONS');
    expect((await service.call('GET', '/auth/invitations', helper)).status).toBe(200);
  });

  it('does not cover resending or revoking invitations for higher roles or those of other tenants', async () => {
    const at = await scene();
    const { id } = (await invite(at, address(), 'admin')).data.invitation;
    const manager = { ...at, token: (await colleague(at, 'manager')).token };
    expect(outcome(await resend(manager, id))).toBe('INSUFFICIENT_PERMISSIONS');
    expect(outcome(await revoke(manager, id))).toBe('INSUFFICIENT_PERMISSIONS');
    const other = await scene();
    const foreign = (await invite(other, address())).data.invitation.id;
    expect(outcome(await resend(at, foreign))).toBe('NOT_FOUND');
    expect(outcome(await revoke(at, foreign))).toBe('NOT_FOUND');
    expect(outcome(await service.call('GET', `/auth/invitations/${foreign}`, at))).toBe(
      'NOT_FOUND',
    );
  });

  it.each([
    ['suspended', `UPDATE users SET status = 'suspended' WHERE id = $1`],
    [
      'demoted below the role that they gave',
      `UPDATE users SET role = 'user', permissions = '["manage_invites"]' WHERE id = $1`,
    ],
    ['deleted', 'DELETE FROM users WHERE id = $1'],
  ])(
    'invalidates invitations when their sender is %s, until another user resends them',
    async (_what, change) => {
      const at = await scene();
      const manager = await colleague(at, 'manager');
      const email = address();
      const sent = (await invite({ ...at, token: manager.token }, email, 'manager')).data;
      await service.sql(change, [manager.userId]);
      expect(outcome(await register(at.host, email, sent.token))).toBe('INVALID_INVITE');
      const again = (await resend(at, sent.invitation.id)).data;
      expect(outcome(await register(at.host, email, again.token))).toBe('201');
    },
  );
});

describe('A user who lost the permission to invite', () => {
  it('leaves only invalid invitations and links behind, although they were for roles above the current one', async () => {
    const at = await scene();
    const helper = await colleague(at, 'user', ['manage_invites']);
    const as = { ...at, token: helper.token };
    const email = address();
    const { token } = (await invite(as, email, 'viewer')).data;
    const { data: link } = await makeLink(as, { role: 'viewer' });
    const taken = await service.call('POST', `/auth/users/${helper.userId}/role`, {
      token: at.token,
      body: { role: 'user', permissions: [] },
    });
    expect(taken.status).toBe(200);
    for (const presented of [token, link.token]) {
      expect(outcome(await register(at.host, email, presented))).toBe('INVALID_INVITE');
      const body = { token: presented };
      expect(
        outcome(await service.call('POST', '/auth/invitations/inspect', { host: at.host, body })),
      ).toBe('INVALID_INVITE');
    }
  });
});
