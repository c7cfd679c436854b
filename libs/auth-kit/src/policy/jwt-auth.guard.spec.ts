import passport from 'passport';
import { ApiError, effectivePermissions } from '@poc-tracker/contracts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { contextOf, createGuard, requestWith } from '../../test/requests.js';
import {
  foreign,
  forge,
  genuine,
  genuineClaims,
  HEADER,
  now,
  PARTIES,
  rsa,
  TENANT,
} from '../../test/token-forge.js';
import { AccessTokenVerifier } from '../token/access-token.verifier.js';
import type { JwtAuthGuard } from './jwt-auth.guard.js';
import { keyId, KeyRing } from '../token/key-ring.js';
import { Public } from './route-policy.js';

class Routes {
  @Public()
  open(): void {}

  unstated(): void {}
}

/** Whether it answers at once or later, and however it refuses. */
const admit = async (guard: JwtAuthGuard, request: ReturnType<typeof requestWith>) =>
  guard.canActivate(contextOf(request));

const bearing = (token: string) => requestWith(['Authorization', `Bearer ${token}`]);

describe('JwtAuthGuard', () => {
  afterEach(() => vi.useRealTimers());

  it('names the person, session and token of the claims, and the rights of the standings', async () => {
    const { guard, sessionStatus } = createGuard();
    sessionStatus.rights = { role: 'manager', permissions: [], tenant: { ...TENANT, plan: 'pro' } };
    const claims = {
      ...genuineClaims(),
      user_role: 'admin' as const,
      permissions: ['view_usage' as const],
    };
    const request = bearing(forge(HEADER, claims));

    await expect(admit(guard, request)).resolves.toBe(true);

    expect(request.principal).toEqual({
      userId: claims.sub,
      tenantId: claims.tenant_id,
      sessionId: claims.session_id,
      tokenId: claims.jti,
      role: 'manager',
      permissions: effectivePermissions('manager', []),
      tenant: { ...TENANT, plan: 'pro' },
      tokenExpiresAt: claims.exp,
    });
  });

  it('asks the standings on every request, with the claims, although the signature is checked once', async () => {
    const { guard, sessionStatus } = createGuard();
    const authenticate = vi.spyOn(passport, 'authenticate');
    const token = genuine();
    for (let count = 0; count < 3; count += 1) await admit(guard, bearing(token));
    expect(sessionStatus.queries).toHaveLength(3);
    expect(authenticate).toHaveBeenCalledTimes(1);
    authenticate.mockRestore();
  });

  it('answers at once, without a promise, when token and standing are in memory, and waits when not', async () => {
    const { guard, sessionStatus } = createGuard();
    const token = genuine();
    await admit(guard, bearing(token));
    const request = bearing(token);
    expect(guard.canActivate(contextOf(request))).toBe(true);
    expect(request.principal).toBeDefined();
    sessionStatus.later = true;
    const asking = bearing(token);
    const answer = guard.canActivate(contextOf(asking));
    expect(answer).toBeInstanceOf(Promise);
    expect(asking.principal).toBeUndefined();
    expect(await answer).toBe(true);
    expect(asking.principal).toBeDefined();
  });

  it('takes new rights of the standings for a token that it remembers', async () => {
    const { guard, sessionStatus } = createGuard();
    const token = genuine();
    await admit(guard, bearing(token));
    sessionStatus.rights = { ...sessionStatus.rights, role: 'viewer' };
    const request = bearing(token);
    await admit(guard, request);
    expect(request.principal?.role).toBe('viewer');
  });

  it.each(['TOKEN_REVOKED', 'SESSION_EXPIRED', 'INVALID_TENANT'] as const)(
    'answers %s when the standings say so of a token that it remembers',
    async (code) => {
      const { guard, sessionStatus } = createGuard();
      const token = genuine();
      await admit(guard, bearing(token));
      sessionStatus.refusal = new ApiError(code);
      const request = bearing(token);
      await expect(admit(guard, request)).rejects.toMatchObject({ code });
      expect(request.principal).toBeUndefined();
    },
  );

  it('refuses a remembered token from the second of its expiry', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { guard, sessionStatus } = createGuard();
    const exp = now() + 300;
    const token = genuine({ exp });
    await admit(guard, bearing(token));
    vi.setSystemTime(exp * 1000 - 1);
    await expect(admit(guard, bearing(token))).resolves.toBe(true);
    vi.setSystemTime(exp * 1000);
    await expect(admit(guard, bearing(token))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
    expect(sessionStatus.queries).toHaveLength(2);
  });

  it('never asks the standings about a token that is not good', async () => {
    const { guard, sessionStatus } = createGuard();
    await expect(admit(guard, bearing(`${genuine()}A`))).rejects.toThrow(ApiError);
    expect(sessionStatus.queries).toEqual([]);
  });

  it('asks for a token on a route that states no policy', async () => {
    const { guard } = createGuard();
    const context = contextOf(requestWith(), Routes.prototype.unstated);
    expect(() => guard.canActivate(context)).toThrow(
      expect.objectContaining({ code: 'TOKEN_REQUIRED' }),
    );
  });

  it('lets everybody through to a public route and looks at no token', async () => {
    const { guard, sessionStatus } = createGuard();
    const request = bearing('nonsense');
    expect(guard.canActivate(contextOf(request, Routes.prototype.open))).toBe(true);
    expect(request.principal).toBeUndefined();
    expect(sessionStatus.queries).toEqual([]);
  });

  it('reads the token from the Authorization header only', async () => {
    const { guard } = createGuard();
    const request = requestWith(
      ['Cookie', `access_token=${genuine()}`],
      ['X-Access-Token', genuine()],
    );
    Object.assign(request, {
      query: { access_token: genuine() },
      body: { access_token: genuine() },
    });
    await expect(admit(guard, request)).rejects.toMatchObject({
      code: 'TOKEN_REQUIRED',
    });
  });

  it('hands on what the standings fail with, so that a broken database is not taken for a bad token', async () => {
    const { guard, sessionStatus } = createGuard();
    sessionStatus.refusal = new Error('connection refused');
    await expect(admit(guard, bearing(genuine()))).rejects.toThrow('connection refused');
  });

  it('keeps two applications of one process apart', async () => {
    const one = createGuard();
    const other = createGuard(new AccessTokenVerifier(new KeyRing([foreign.publicKey]), PARTIES));
    const token = forge(
      { ...HEADER, kid: keyId(foreign.publicKey) },
      genuineClaims(),
      rsa(foreign.privateKey),
    );
    await expect(admit(one.guard, bearing(genuine()))).resolves.toBe(true);
    await expect(admit(other.guard, bearing(token))).resolves.toBe(true);
    await expect(admit(one.guard, bearing(token))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
    await expect(admit(other.guard, bearing(genuine()))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });

  it('accepts the tokens of a key that no longer signs for as long as it is in the ring', async () => {
    const oldToken = forge(
      { ...HEADER, kid: keyId(foreign.publicKey) },
      genuineClaims(),
      rsa(foreign.privateKey),
    );
    const rotating = new KeyRing([foreign.publicKey]);
    const { guard } = createGuard(new AccessTokenVerifier(rotating, PARTIES));
    await expect(admit(guard, bearing(oldToken))).resolves.toBe(true);
    await expect(admit(createGuard().guard, bearing(oldToken))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });
});
