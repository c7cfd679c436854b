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

describe('who may invite', () => {
  it('gives roles up to the own one, with the permission of the role or of their own', async () => {
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

  it('neither sends again nor takes back what stands above them, and finds nothing of another tenant', async () => {
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
    'takes the invitations along when they are %s, until somebody else vouches',
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

describe('whoever may no longer invite', () => {
  it('leaves invitations and links behind that are worth nothing, although they stand above the role', async () => {
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
