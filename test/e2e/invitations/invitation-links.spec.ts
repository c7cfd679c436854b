import { describe, expect, it } from 'vitest';
import {
  address,
  colleague,
  makeLink,
  outcome,
  type Page,
  register,
  scene,
  service,
  useInvitationService,
} from './invitations.fixture.js';

useInvitationService();

describe('An invitation link', () => {
  it('registers as many users as its quota allows, even when many come at once, and lists who used it', async () => {
    const at = await scene();
    const { data } = await makeLink(at, { role: 'viewer', quota: 3 });
    expect(data.token).toMatch(/^ptl1_[\w-]{43}$/);
    expect(data.invitationLink).toMatchObject({ status: 'open', quota: 3, usedCount: 0 });
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => register(at.host, address(), data.token)),
    );
    expect(answers.map(outcome).sort()).toEqual([
      '201',
      '201',
      '201',
      ...Array<string>(22).fill('INVALID_INVITE'),
    ]);
    const joined = answers.filter(({ status }) => status === 201).map((answer) => answer.data.user);
    expect(joined.map((user) => user['role'])).toEqual(['viewer', 'viewer', 'viewer']);
    const path = `/auth/invitation-links/${data.invitationLink.id}`;
    expect((await service.call('GET', path, at)).data).toMatchObject({
      status: 'used_up',
      usedCount: 3,
    });
    const uses = await service.call<Page<{ userId: string }>>('GET', `${path}/uses`, at);
    expect(uses.data.items.map(({ userId }) => userId).sort()).toEqual(
      joined.map(({ id }) => id).sort(),
    );
  });

  it('accepts addresses of its allowed domains only', async () => {
    const at = await scene();
    const { data } = await makeLink(at, { allowedDomains: [' ACME.example '] });
    for (const email of ['a@other.example', 'a@x.acme.example'])
      expect(outcome(await register(at.host, email, data.token))).toBe('INVALID_INVITE');
    expect(outcome(await register(at.host, 'a@acme.example', data.token))).toBe('201');
  });

  it('is not used up by an existing user or by a tenant without free seats', async () => {
    const at = await scene({ maxUsers: 2 });
    const { data } = await makeLink(at, { quota: 2 });
    expect(outcome(await register(at.host, at.admin.email, data.token))).toBe('USER_EXISTS');
    expect(outcome(await register(at.host, address(), data.token))).toBe('201');
    expect(outcome(await register(at.host, address(), data.token))).toBe('USER_LIMIT_EXCEEDED');
    const { data: links } = await service.call<Page<{ usedCount: number }>>(
      'GET',
      '/auth/invitation-links',
      at,
    );
    expect(links.items.map(({ usedCount }) => usedCount)).toEqual([1]);
  });

  it('is invalid after it was revoked, after it expired and after its creator was suspended', async () => {
    const at = await scene();
    const manager = await colleague(at, 'manager');
    const links = [
      (await makeLink(at, {})).data,
      (await makeLink(at, { expiresInHours: 1 })).data,
      (await makeLink({ ...at, token: manager.token }, {})).data,
    ];
    const [revoked, expired] = links.map(({ invitationLink }) => invitationLink.id);
    const path = `/auth/invitation-links/${revoked ?? ''}`;
    expect((await service.call('DELETE', path, at)).data).toMatchObject({ status: 'revoked' });
    expect((await service.call('DELETE', path, at)).status).toBe(200);
    await service.sql(`UPDATE invite_links SET expires_at = now() WHERE id = $1`, [expired]);
    await service.sql(`UPDATE users SET status = 'suspended' WHERE id = $1`, [manager.userId]);
    for (const { token } of links)
      expect(outcome(await register(at.host, address(), token))).toBe('INVALID_INVITE');
  });

  it.each([
    ['role', { role: 'admin' }],
    ['quota', { quota: 0 }],
    ['quota', { quota: 10_001 }],
    ['quota', { quota: '3' }],
    ['expiresInHours', { expiresInHours: 721 }],
    ['allowedDomains', { allowedDomains: ['no domain'] }],
    ['allowedDomains', { allowedDomains: ['@acme.example'] }],
    ['allowedDomains', { allowedDomains: null }],
    ['usedCount', { usedCount: -5 }],
  ])('refuses an invalid field and names it: %s', async (field, change) => {
    const answer = await makeLink(await scene(), change);
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[]).map((detail) => detail.field)).toContain(
      field,
    );
  });
});
