import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';
import { workspaceOf } from '../users/users.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

const register = (host: string, email: string, inviteToken?: string) =>
  service.call<Login>('POST', '/auth/register', {
    host,
    body: {
      email,
      password: GOOD_PASSWORD,
      firstName: 'Ana',
      lastName: 'Souza',
      ...(inviteToken !== undefined && { inviteToken }),
    },
  });

/** An address, how else it is typed, and its stored form. */
const ADDRESSES = [
  ['jos\u00e9@x.example', 'JOSE\u0301@X.example', 'jos\u00e9@x.example'],
  ['ana@bücher.example', 'ana@xn--bcher-kva.example', 'ana@xn--bcher-kva.example'],
  ['İpek@x.example', 'ipek@x.example', 'i\u0307pek@x.example'],
  ['straße@x.example', 'STRASSE@x.example', 'straße@x.example'],
  ['m²@x.example', 'M2@x.example', 'm²@x.example'],
  ['νίκος@x.example', 'ΝΊΚΟΣ@x.example', 'νίκος@x.example'],
  ['\u212aim@x.example', 'KIM@x.example', 'kim@x.example'],
  ['ﬁona@x.example', 'FIONA@x.example', 'ﬁona@x.example'],
] as const;

const REFUSED = ['jo\u200bse@x.example', 'jo\u202ese@x.example', '"jose"@x.example', 'jose@x'];

describe('An email address', () => {
  it.each(ADDRESSES)('is one account as %s and as %s', async (typed, other, stored) => {
    const { host, join } = await workspaceOf(service);
    const registered = await register(host, typed);
    expect(registered.data.user['email']).toBe(stored);
    for (const form of [typed, other, typed.normalize('NFD')]) {
      expect((await register(host, form)).error.code).toBe('USER_EXISTS');
      const { user } = await service.login(host, { email: form, password: GOOD_PASSWORD });
      expect(user.id).toBe(registered.data.user.id);
    }
    const { token } = await join('admin');
    for (const q of [typed, other]) {
      const found = await service.call<{ items: { id: string }[] }>('GET', '/auth/users', {
        token,
        query: { q },
      });
      expect(found.data.items.map(({ id }) => id)).toEqual([registered.data.user.id]);
    }
  });

  it('is compared by its key by invitations, and by those who manage users', async () => {
    const { host, join } = await workspaceOf(service);
    const { token } = await join('admin');
    const { userId } = await join('user');
    const invite = (email: string) =>
      service.call<{ token: string }>('POST', '/auth/invitations', {
        token,
        body: { email, role: 'manager' },
      });
    const invited = await invite('İnci@bücher.example');
    expect((await invite('inci@XN--BCHER-KVA.example')).error.code).toBe('INVITE_EXISTS');
    const joined = await register(host, 'inci@BÜCHER.example', invited.data.token);
    // The account has the address that the invitation was sent to.
    expect(joined.data.user).toMatchObject({ email: 'i\u0307nci@xn--bcher-kva.example' });
    const created = await service.call('POST', '/auth/users', {
      token,
      body: { email: 'İNCİ@bücher.example', firstName: 'A', lastName: 'B', role: 'user' },
    });
    expect(created.error.code).toBe('USER_EXISTS');
    const changed = await service.call('PATCH', `/auth/users/${userId}`, {
      token,
      body: { email: 'inci@bücher.example' },
    });
    expect(changed.error.code).toBe('USER_EXISTS');
  });

  it('is matched with the domains of a link in their ASCII form', async () => {
    const { host, join } = await workspaceOf(service);
    const { token } = await join('admin');
    const link = await service.call<{
      token: string;
      invitationLink: { allowedDomains: string[] };
    }>('POST', '/auth/invitation-links', {
      token,
      body: { role: 'user', quota: 5, allowedDomains: ['BÜCHER.example'] },
    });
    expect(link.data.invitationLink.allowedDomains).toEqual(['xn--bcher-kva.example']);
    expect((await register(host, 'a@bu\u0308cher.example', link.data.token)).status).toBe(201);
    expect((await register(host, 'a@bucher.example', link.data.token)).error.code).toBe(
      'INVALID_INVITE',
    );
    const twice = await service.call('POST', '/auth/invitation-links', {
      token,
      body: { role: 'user', quota: 5, allowedDomains: ['bücher.example', 'xn--bcher-kva.example'] },
    });
    expect(twice.error.details).toContainEqual(
      expect.objectContaining({ field: 'allowedDomains' }),
    );
  });

  it.each(REFUSED)('is refused by every route that accepts one: %j', async (email) => {
    const { host, join } = await workspaceOf(service);
    const { token, userId } = await join('admin');
    const names = { firstName: 'A', lastName: 'B' };
    const calls: [string, string, string, object][] = [
      ['email', 'POST', '/auth/register', { email, password: GOOD_PASSWORD, ...names }],
      ['email', 'POST', '/auth/login', { email, password: GOOD_PASSWORD }],
      ['email', 'POST', '/auth/invitations', { email, role: 'user' }],
      [
        'invitations.0.email',
        'POST',
        '/auth/invitations/bulk',
        { invitations: [{ email, role: 'user' }] },
      ],
      ['email', 'POST', '/auth/users', { email, role: 'user', ...names }],
      ['email', 'PATCH', `/auth/users/${userId}`, { email }],
      ['billingEmail', 'PATCH', '/tenants/current', { billingEmail: email }],
      [
        'email',
        'POST',
        '/platform/operators/activate',
        { email, secret: 'x', password: GOOD_PASSWORD },
      ],
      [
        'adminEmail',
        'POST',
        '/tenants',
        {
          name: 'X',
          subdomain: `x${randomUUID()}`,
          adminEmail: email,
          adminPassword: GOOD_PASSWORD,
        },
      ],
    ];
    for (const [field, method, path, body] of calls) {
      const isPublic = /register|login|activate|tenants$/.test(path);
      const { status, error } = await service.call(method, path, {
        ...(isPublic ? { host: path === '/tenants' ? 'poctracker.com' : host } : { token }),
        body,
      });
      expect([path, status, error.details]).toEqual([
        path,
        400,
        [expect.objectContaining({ field })],
      ]);
    }
  });
});
