import { SessionStatusService } from '@poc-tracker/auth-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asOperator, PLATFORM_HOST, service, usePlatform } from '../platform/platform.fixture.js';

usePlatform();

/** Calls the method and returns the tenants whose cached values it has invalidated. */
let invalidatedBy: (
  request: () => Promise<{ status: number }>,
  status: number,
) => Promise<unknown[]>;

beforeEach(() => {
  const invalidate = vi.spyOn(service.app.get(SessionStatusService), 'invalidate');
  invalidatedBy = async (request, status) => {
    invalidate.mockClear();
    expect((await request()).status).toBe(status);
    return invalidate.mock.calls.map(([tenantId]) => tenantId);
  };
});

afterEach(() => void vi.restoreAllMocks());

async function tenantWithAdmin() {
  const tenant = await service.tenant();
  const admin = await service.user(tenant.tenantId, { role: 'admin' });
  const login = await service.login(tenant.host, admin);
  const { accessToken: token, refreshToken } = login.tokens;
  return { ...tenant, admin, token, refreshToken };
}

describe('What a process has cached', () => {
  it('is invalidated for the tenant of a committed change, and for no other', async () => {
    const { tenantId, token } = await tenantWithAdmin();
    const { userId } = await service.user(tenantId);
    const update = () =>
      service.call('PATCH', `/auth/users/${userId}`, { token, body: { firstName: 'Ana' } });
    expect(await invalidatedBy(update, 200)).toEqual([tenantId]);
  });

  it('is invalidated by an error that has revoked a session', async () => {
    const { tenantId, token, refreshToken } = await tenantWithAdmin();
    const refreshed = await service.refresh(refreshToken);
    await service.refresh(refreshed.data.refreshToken);
    const replay = () => service.refresh(refreshToken);
    expect(await invalidatedBy(replay, 401)).toEqual([tenantId]);
    expect(await service.probe(token)).toBe('TOKEN_REVOKED');
  });

  it('is invalidated for all tenants by what an operator commits', async () => {
    const { tenantId, token } = await tenantWithAdmin();
    const suspend = () => asOperator('POST', `/tenants/${tenantId}/suspend`, { reason: 'Unpaid.' });
    expect(await invalidatedBy(suspend, 200)).toContain(undefined);
    expect(await service.probe(token)).toBe('INVALID_TENANT');
  });

  it('is kept by reads, log-ins and whatever is refused before it changes something', async () => {
    const { host, token, admin } = await tenantWithAdmin();
    const { email, password } = admin;
    const post = (path: string, body: unknown) => () => service.call('POST', path, { host, body });
    const logIn = post('/auth/login', { email, password });
    expect(await invalidatedBy(() => service.call('GET', '/auth/me', { token }), 200)).toEqual([]);
    expect(await invalidatedBy(logIn, 200)).toEqual([]);
    expect(await invalidatedBy(post('/auth/login', { email }), 400)).toEqual([]);
    expect(await invalidatedBy(post('/auth/logout', {}), 401)).toEqual([]);
    const elsewhere = () => service.call('POST', '/auth/login', { host: PLATFORM_HOST, body: {} });
    expect(await invalidatedBy(elsewhere, 400)).toEqual([]);
  });

  it('is kept by the refused log-ins of a flood', async () => {
    const { host, admin, tenantId } = await tenantWithAdmin();
    const rules = [{ name: 'login:user', value: '1/900' }];
    await asOperator('PUT', `/tenants/${tenantId}/rate-limits`, { rules, shadow: [] });
    const { email, password } = admin;
    const logIn = () => service.call('POST', '/auth/login', { host, body: { email, password } });
    await logIn();
    expect(await invalidatedBy(logIn, 429)).toEqual([]);
  });
});
