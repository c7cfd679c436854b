import { randomUUID } from 'node:crypto';
import type { Permission, Role } from '@poc-tracker/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SecurityEvents } from '../../../apps/auth-service/src/audit/security-events.js';
import { GOOD_PASSWORD, ServiceFixture } from '../service.fixture.js';
import { SECURITY_DEFAULTS } from '../../../apps/auth-service/src/tenant/settings/security-defaults.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

afterEach(() => {
  vi.restoreAllMocks();
});

type Settings = Record<string, Record<string, { value: unknown; source: string }>>;

async function signedIn(
  options: { role?: Role; permissions?: Permission[]; planType?: string } = {},
) {
  const { role = 'admin', permissions = [], planType = 'basic' } = options;
  const tenant = await service.tenant({ planType });
  const user = await service.user(tenant.tenantId, { role, permissions });
  const { tokens } = await service.login(tenant.host, user);
  return { ...tenant, user, token: tokens.accessToken, tokens };
}

const read = (token: string) =>
  service.call<Settings>('GET', '/tenants/current/settings', { token });

const change = (token: string, body: unknown) =>
  service.call<Settings>('PATCH', '/tenants/current/settings', { token, body });

/** The defaults of the group `security` with their sources: the tenant has chosen those that are named. */
const defaultsChosen = (...chosen: string[]) =>
  Object.fromEntries(
    Object.entries(SECURITY_DEFAULTS).map(([name, value]) => [
      name,
      { value, source: chosen.includes(name) ? 'tenant' : 'default' },
    ]),
  );

describe('The settings of a tenant', () => {
  it('report the source of each value through every change', async () => {
    // The same on every plan, that of the largest tenants as well.
    const { token } = await signedIn({ planType: 'enterprise' });
    expect((await read(token)).data['security']).toEqual(defaultsChosen());
    const changed = await change(token, { security: { sessionTimeout: 24, requireMFA: false } });
    expect(changed.data['security']).toEqual(defaultsChosen('sessionTimeout', 'requireMFA'));
    expect((await read(token)).data).toEqual(changed.data);
    await change(token, { security: { sessionTimeout: null } });
    expect((await read(token)).data['security']).toEqual(defaultsChosen('requireMFA'));
    const current = await service.call<{ settings: unknown }>('GET', '/tenants/current', { token });
    expect(current.data.settings).toMatchObject({
      security: SECURITY_DEFAULTS,
    });
  });

  it('keep both changes when two users update them at once', async () => {
    const { token } = await signedIn();
    const answers = await Promise.all([
      change(token, { theme: { darkMode: true } }),
      change(token, { theme: { primaryColor: '#ABCDEF' } }),
      change(token, { notifications: { email: false } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await read(token)).data).toMatchObject({
      theme: { darkMode: { value: true }, primaryColor: { value: '#ABCDEF' } },
      notifications: { email: { value: false } },
    });
  });

  it('are refused with the path of each invalid field, and then nothing changes', async () => {
    const { token } = await signedIn();
    const before = (await read(token)).data;
    const wrong: [string, unknown][] = [
      ['security.sessionTimeout', { theme: { darkMode: true }, security: { sessionTimeout: '8' } }],
      ['security.sessionTimeout', { security: { sessionTimeout: -1 } }],
      ['security.sessionTimeout', { security: { sessionTimeout: 1e9 } }],
      ['security.unknown', { security: { unknown: 1 } }],
      ['security.constructor', { security: { constructor: 1 } }],
      ['security', { security: [] }],
      ['security', { security: null }],
      ['theme.primaryColor', { theme: { primaryColor: 'red;}body{display:none' } }],
      ['unknown', { unknown: {} }],
      ['tenantId', { tenantId: randomUUID() }],
    ];
    for (const [field, body] of wrong) {
      const answer = await change(token, body);
      expect([field, answer.status]).toEqual([field, 400]);
      expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
    }
    expect((await change(token, [])).status).toBe(400);
    expect((await read(token)).data).toEqual(before);
  });

  it('can be read by every user and changed by users with the permission, whatever their role', async () => {
    for (const role of ['viewer', 'user', 'manager'] as const) {
      const { token } = await signedIn({ role });
      expect((await read(token)).status).toBe(200);
      expect(await change(token, { theme: { darkMode: true } })).toMatchObject({
        status: 403,
        error: {
          code: 'INSUFFICIENT_PERMISSIONS',
          details: { required: ['manage_settings'] },
        },
      });
      const trusted = await signedIn({ role, permissions: ['manage_settings'] });
      expect((await change(trusted.token, { theme: { darkMode: true } })).status).toBe(200);
    }
  });

  it('record which fields were changed', async () => {
    const recorded = vi.spyOn(service.app.get(SecurityEvents, { strict: false }), 'record');
    const { token } = await signedIn();
    await change(token, { theme: { darkMode: true, primaryColor: null } });
    expect(recorded).toHaveBeenCalledWith(
      expect.objectContaining({
        type: 'tenant.settings_changed',
        details: { changed: ['theme.darkMode', 'theme.primaryColor'] },
      }),
    );
  });

  it('are described by the catalog', async () => {
    const { token } = await signedIn({ role: 'viewer' });
    const { data } = await service.call<{ items: { key: string }[]; nextCursor: null }>(
      'GET',
      '/tenants/settings/catalogue',
      { token },
    );
    expect(data.nextCursor).toBeNull();
    expect(data.items.find(({ key }) => key === 'security.sessionTimeout')).toMatchObject({
      default: 24,
      schema: { type: 'number', maximum: 168 },
    });
  });
});

describe('The branding of a tenant', () => {
  const update = (token: string, body: unknown) =>
    service.call<{ name: string; branding: object }>('PATCH', '/tenants/current', { token, body });

  it('can be changed by its admins and is shown before log-in', async () => {
    const { token, host } = await signedIn({ role: 'user', permissions: ['manage_settings'] });
    const look = () => service.call<object>('GET', '/tenants/branding', { host });
    await update(token, {
      name: 'Acme Ltda',
      branding: { logoUrl: 'https://acme.example/logo.svg', primaryColor: '#112233' },
      billingEmail: ' Finance@Acme.Example ',
    });
    expect(await look()).toMatchObject({
      status: 200,
      data: {
        name: 'Acme Ltda',
        logoUrl: 'https://acme.example/logo.svg',
        primaryColor: '#112233',
        darkMode: false,
      },
    });
    expect(Object.keys((await look()).data).sort()).toEqual([
      'darkMode',
      'logoUrl',
      'name',
      'primaryColor',
    ]);
    const partial = await update(token, { branding: { logoUrl: null, primaryColor: null } });
    expect(partial.data).toMatchObject({ name: 'Acme Ltda', branding: { logoUrl: null } });
    await change(token, { theme: { primaryColor: '#445566', darkMode: true } });
    expect((await look()).data).toMatchObject({ primaryColor: '#445566', darkMode: true });
    expect((await service.call('GET', '/tenants/current', { token })).data).toMatchObject({
      billingEmail: 'finance@acme.example',
    });
  });

  it('has a billing email that only users who can change it see', async () => {
    const tenant = await service.tenant();
    const tokenOf = async (user: Parameters<typeof service.user>[1]) =>
      (await service.login(tenant.host, await service.user(tenant.tenantId, user))).tokens
        .accessToken;
    await update(await tokenOf({ role: 'admin' }), { billingEmail: 'finance@acme.example' });
    const seenBy = async (user: Parameters<typeof service.user>[1]) =>
      (
        await service.call<{ billingEmail: string | null }>('GET', '/tenants/current', {
          token: await tokenOf(user),
        })
      ).data.billingEmail;
    expect(await seenBy({ role: 'user', permissions: ['manage_settings'] })).toBe(
      'finance@acme.example',
    );
    for (const role of ['viewer', 'user', 'manager'] as const)
      expect(await seenBy({ role })).toBeNull();
  });

  it('follows the theme until another color is chosen', async () => {
    const { token, host } = await signedIn();
    await change(token, { theme: { primaryColor: '#445566' } });
    const answer = await service.call('GET', '/tenants/branding', { host });
    expect(answer.data).toMatchObject({ primaryColor: '#445566' });
  });

  it('refuses an invalid field and names it', async () => {
    const { token, tenantId } = await signedIn();
    const wrong: [string, unknown][] = [
      ['name', { name: '' }],
      ['name', { name: null }],
      ['name', { name: 'a\r\nBcc: x' }],
      ['branding', { branding: [] }],
      ['branding', { branding: null }],
      ['branding.logoUrl', { branding: { logoUrl: 'http://acme.example/logo.svg' } }],
      ['branding.logoUrl', { branding: { logoUrl: 'javascript:alert(1)' } }],
      ['branding.logoUrl', { branding: { logoUrl: 'https:a.com' } }],
      ['branding.logoUrl', { branding: { logoUrl: 'https://acme.example/"' } }],
      ['branding.logoUrl', { branding: { logoUrl: 'data:image/svg+xml,<svg/>' } }],
      ['branding.logoUrl', { branding: { logoUrl: 'https://user:pass@acme.example/logo' } }],
      ['branding.logoUrl', { branding: { logoUrl: `https://acme.example/${'x'.repeat(500)}` } }],
      ['branding.primaryColor', { branding: { primaryColor: 'red' } }],
      ['branding.customDomain', { branding: { customDomain: 'evil.example' } }],
      ['branding.custom_domain', { branding: { custom_domain: 'evil.example' } }],
      ['billingEmail', { billingEmail: 'not-an-address' }],
      ['planType', { planType: 'enterprise' }],
      ['status', { status: 'active' }],
      ['maxUsers', { maxUsers: 1_000 }],
      ['subscriptionEndsAt', { subscriptionEndsAt: null }],
    ];
    for (const [field, body] of wrong) {
      const answer = await update(token, body);
      expect([field, answer.status]).toEqual([field, 400]);
      expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
    }
    const [row] = await service.sql<{ branding: unknown }>(
      'SELECT branding FROM tenants WHERE id = $1',
      [tenantId],
    );
    expect(row?.branding).toMatchObject({ custom_domain: null, logo_url: null });
  });

  it('requires a tenant and shows none that is unknown or suspended', async () => {
    const look = (host: string) => service.call('GET', '/tenants/branding', { host });
    expect((await look('poctracker.com')).error.code).toBe('TENANT_REQUIRED');
    expect((await look('unknown.localhost')).error.code).toBe('INVALID_TENANT');
    const { host } = await service.tenant({ status: 'suspended' });
    expect((await look(host)).error.code).toBe('INVALID_TENANT');
  });
});

describe('Open sign-up', () => {
  it('is limited to the plans that are listed', async () => {
    const body = {
      name: 'Initech',
      subdomain: `initech-${randomUUID().slice(0, 8)}`,
      adminEmail: 'ana@initech.example',
      adminPassword: GOOD_PASSWORD,
    };
    for (const planType of ['pro', 'enterprise']) {
      const answer = await service.call('POST', '/tenants', { body: { ...body, planType } });
      expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
      expect((answer.error.details as { field: string }[])[0]?.field).toBe('planType');
    }
    const generous = await ServiceFixture.start({ SIGNUP_PLANS: 'basic,pro' });
    try {
      const pro = await generous.call('POST', '/tenants', { body: { ...body, planType: 'pro' } });
      expect(pro.status).toBe(201);
    } finally {
      await generous.stop();
    }
  });
});
