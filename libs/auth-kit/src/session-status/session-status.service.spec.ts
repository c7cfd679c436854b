import { randomUUID } from 'node:crypto';
import { effectivePermissions } from '@poc-tracker/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ACTIVE,
  claimsOf,
  FakeSource,
  FakeTransport,
  pass,
  refusal,
  rightsOf,
} from '../../test/session-status.fixture.js';
import { TENANT } from '../../test/token-forge.js';
import type { SessionClaims, SessionStatus } from './session-status.js';
import { SessionStatusService, type SessionStatusOptions } from './session-status.service.js';

let transport: FakeTransport;
let source: FakeSource;

function start(options: Partial<SessionStatusOptions> = {}): SessionStatusService {
  const sessionStatus = new SessionStatusService({ source, transport, ...options });
  sessionStatus.onModuleInit();
  return sessionStatus;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  transport = new FakeTransport();
  source = new FakeSource();
});

afterEach(() => vi.useRealTimers());

describe('SessionStatusService', () => {
  it('queries a session once and then returns its effective permissions from the cache synchronously', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    const first = await rightsOf(sessionStatus, claims);
    expect(first).toMatchObject({ role: 'user', tenant: { id: TENANT.id } });
    expect(first.permissions).toEqual(effectivePermissions('user', ['view_usage']));
    expect(sessionStatus.currentRights(claims)).toBe(first);
    expect(source.queries).toEqual([claims]);
  });

  it('returns frozen rights, which no request can change for the next one', async () => {
    const sessionStatus = start();
    const { permissions, tenant } = await rightsOf(sessionStatus, claimsOf());
    expect(() => (permissions as string[]).push('manage_users')).toThrow(TypeError);
    expect(() => Object.assign(tenant, { plan: 'enterprise' })).toThrow(TypeError);
  });

  it.each([
    ['an unknown session', undefined, 'TOKEN_REVOKED'],
    ['a revoked session', { ...ACTIVE, sessionActive: false }, 'TOKEN_REVOKED'],
    ['a session of a suspended user', { ...ACTIVE, userStatus: 'suspended' }, 'TOKEN_REVOKED'],
    ['a session of an inactive user', { ...ACTIVE, userStatus: 'inactive' }, 'TOKEN_REVOKED'],
    [
      'a session in a suspended tenant',
      { ...ACTIVE, tenant: { ...TENANT, status: 'suspended' } },
      'INVALID_TENANT',
    ],
    [
      'a session in a canceled tenant',
      { ...ACTIVE, tenant: { ...TENANT, status: 'canceled' } },
      'INVALID_TENANT',
    ],
  ] as [string, SessionStatus | undefined, string][])(
    'refuses %s, the second time from the cache',
    async (_case, status, code) => {
      source.status = status;
      const sessionStatus = start();
      const claims = claimsOf();
      transport.deliver();
      await expect(rightsOf(sessionStatus, claims)).rejects.toThrow(refusal(code));
      expect(() => sessionStatus.currentRights(claims)).toThrow(refusal(code));
      expect(source.queries).toHaveLength(1);
    },
  );

  it('refuses a session that expires, without an event', async () => {
    source.status = { ...ACTIVE, sessionExpiresInMs: 50 };
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    await pass(49);
    expect(() => sessionStatus.currentRights(claims)).not.toThrow();
    source.status = { ...ACTIVE, sessionExpiresInMs: 0 };
    await pass(1);
    await expect(rightsOf(sessionStatus, claims)).rejects.toThrow(refusal('SESSION_EXPIRED'));
    expect(() => sessionStatus.currentRights(claims)).toThrow(refusal('SESSION_EXPIRED'));
    expect(source.queries).toHaveLength(2);
  });

  it.each([-3_600_000, 30_000, 3_600_000])(
    'ends a session when the issuer says so, although the clock of this process differs by %d ms',
    async (skew) => {
      const issuerTime = Date.now();
      source.status = { ...ACTIVE, sessionExpiresAt: issuerTime + 50, sessionExpiresInMs: 50 };
      vi.setSystemTime(issuerTime + skew);
      const sessionStatus = start();
      const claims = claimsOf();
      transport.deliver();
      await pass(49);
      await expect(rightsOf(sessionStatus, claims)).resolves.toBeDefined();
      source.status = { ...ACTIVE, sessionExpiresAt: issuerTime + 50, sessionExpiresInMs: 0 };
      await pass(50);
      await expect(rightsOf(sessionStatus, claims)).rejects.toThrow(refusal('SESSION_EXPIRED'));
    },
  );

  it('refuses a session of an issuer that does not state when it ends', async () => {
    source.status = { ...ACTIVE, sessionExpiresInMs: undefined as unknown as number };
    await expect(rightsOf(start(), claimsOf())).rejects.toThrow(refusal('SESSION_EXPIRED'));
  });

  it('refuses a session after its revocation event without a query, in its own tenant only', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    transport.deliver('session', claims.session_id);
    expect(() => sessionStatus.currentRights(claims)).toThrow(refusal('TOKEN_REVOKED'));
    expect(source.queries).toHaveLength(1);
    const elsewhere = { ...claims, tenant_id: randomUUID() };
    await expect(rightsOf(sessionStatus, elsewhere)).resolves.toBeDefined();
    expect(source.queries).toHaveLength(2);
  });

  it.each(['user', 'tenant'] as const)(
    'queries a session again after an event about its %s',
    async (kind) => {
      const sessionStatus = start();
      const claims = claimsOf();
      const bystander = { ...claimsOf(), tenant_id: randomUUID() };
      transport.deliver();
      await rightsOf(sessionStatus, claims);
      await rightsOf(sessionStatus, bystander);
      source.status = { ...ACTIVE, role: 'viewer', permissions: [] };
      transport.deliver(kind, kind === 'user' ? claims.sub : TENANT.id);
      await expect(rightsOf(sessionStatus, claims)).resolves.toMatchObject({ role: 'viewer' });
      expect(sessionStatus.currentRights(claims)).toMatchObject({ role: 'viewer' });
      expect(sessionStatus.currentRights(bystander)).toMatchObject({ role: 'user' });
      expect(source.queries).toHaveLength(3);
    },
  );

  it('never returns the cached rights of another user, tenant or session', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    for (const forged of [
      { ...claims, sub: randomUUID() },
      { ...claims, tenant_id: randomUUID() },
      { ...claims, session_id: randomUUID() },
    ]) {
      source.status = undefined;
      await expect(rightsOf(sessionStatus, forged)).rejects.toThrow(refusal('TOKEN_REVOKED'));
    }
  });

  describe('when an event arrives during a query', () => {
    it('queries again instead of using the result', async () => {
      source.pending = [];
      const sessionStatus = start();
      const claims = claimsOf();
      transport.deliver();
      const asking = rightsOf(sessionStatus, claims);
      transport.deliver('user', claims.sub);
      source.status = { ...ACTIVE, role: 'viewer' };
      source.pending.shift()?.();
      await vi.waitFor(() => expect(source.pending).toHaveLength(1));
      source.pending.shift()?.();
      await expect(asking).resolves.toMatchObject({ role: 'viewer' });
      expect(sessionStatus.currentRights(claims)).toMatchObject({ role: 'viewer' });
    });

    it('refuses the session if the event revoked it', async () => {
      source.pending = [];
      const sessionStatus = start();
      const claims = claimsOf();
      transport.deliver();
      const asking = rightsOf(sessionStatus, claims);
      transport.deliver('session', claims.session_id);
      source.pending.shift()?.();
      await expect(asking).rejects.toThrow(refusal('TOKEN_REVOKED'));
    });

    it('queries again after a gap instead of using the result', async () => {
      source.pending = [];
      const sessionStatus = start();
      const claims = claimsOf();
      transport.deliver();
      const asking = rightsOf(sessionStatus, claims);
      transport.gap();
      transport.deliver();
      source.status = { ...ACTIVE, role: 'viewer' };
      source.pending.shift()?.();
      await vi.waitFor(() => expect(source.pending).toHaveLength(1));
      source.pending.shift()?.();
      await expect(asking).resolves.toMatchObject({ role: 'viewer' });
    });
  });

  it('fetches rights from the source without reading or changing the cache', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    source.status = { ...ACTIVE, role: 'viewer' };
    await expect(sessionStatus.fetchRights(claims)).resolves.toMatchObject({ role: 'viewer' });
    expect(sessionStatus.currentRights(claims)).toMatchObject({ role: 'user' });
  });

  it('evicts the oldest session above its capacity', async () => {
    const sessionStatus = start({ capacity: 2 });
    transport.deliver();
    const all = [claimsOf(), claimsOf(), claimsOf()];
    for (const claims of all) await rightsOf(sessionStatus, claims);
    const [oldest, ...younger] = all as [SessionClaims, ...SessionClaims[]];
    for (const claims of younger)
      expect(sessionStatus.currentRights(claims)).not.toBeInstanceOf(Promise);
    await rightsOf(sessionStatus, oldest);
    expect(source.queries).toHaveLength(4);
  });

  it('queries every time without a transport', async () => {
    const sessionStatus = new SessionStatusService({ source });
    sessionStatus.onModuleInit();
    const claims = claimsOf();
    await rightsOf(sessionStatus, claims);
    await rightsOf(sessionStatus, claims);
    expect(source.queries).toHaveLength(2);
    await sessionStatus.onApplicationShutdown();
  });

  it('stops the transport with the application', async () => {
    const sessionStatus = start();
    await sessionStatus.onApplicationShutdown();
    expect(transport.stopped).toBe(true);
  });
});
