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

/** Rejects even if the guard throws synchronously. */
const authenticate = async (guard: JwtAuthGuard, request: ReturnType<typeof requestWith>) =>
  guard.canActivate(contextOf(request));

const bearing = (token: string) => requestWith(['Authorization', `Bearer ${token}`]);

describe('JwtAuthGuard', () => {
  afterEach(() => vi.useRealTimers());

  it('sets a principal with the ids of the claims and the rights of the session status', async () => {
    const { guard, sessionStatus } = createGuard();
    sessionStatus.rights = {
      role: 'manager',
      permissions: [],
      factors: ['totp'],
      factorDue: 'verification',
      tenant: { ...TENANT, plan: 'pro' },
    };
    const claims = {
      ...genuineClaims(),
      user_role: 'admin' as const,
      permissions: ['view_usage' as const],
    };
    const request = bearing(forge(HEADER, claims));

    await expect(authenticate(guard, request)).resolves.toBe(true);

    expect(request.principal).toEqual({
      userId: claims.sub,
      tenantId: claims.tenant_id,
      sessionId: claims.session_id,
      tokenId: claims.jti,
      role: 'manager',
      permissions: effectivePermissions('manager', []),
      tenant: { ...TENANT, plan: 'pro' },
      authentication: { methods: ['pwd'], at: claims.auth_time },
      factors: ['totp'],
      factorDue: 'verification',
      tokenExpiresAt: claims.exp,
    });
  });

  it('checks the session status on every request, but the signature once', async () => {
    const { guard, sessionStatus } = createGuard();
    const passportCalls = vi.spyOn(passport, 'authenticate');
    const token = genuine();
    for (let count = 0; count < 3; count += 1) await authenticate(guard, bearing(token));
    expect(sessionStatus.queries).toHaveLength(3);
    expect(passportCalls).toHaveBeenCalledTimes(1);
    passportCalls.mockRestore();
  });

  it('returns no promise when the token and the session status are cached, and waits when they are not', async () => {
    const { guard, sessionStatus } = createGuard();
    const token = genuine();
    await authenticate(guard, bearing(token));
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

  it('applies changed rights to a cached token', async () => {
    const { guard, sessionStatus } = createGuard();
    const token = genuine();
    await authenticate(guard, bearing(token));
    sessionStatus.rights = { ...sessionStatus.rights, role: 'viewer' };
    const request = bearing(token);
    await authenticate(guard, request);
    expect(request.principal?.role).toBe('viewer');
  });

  it.each(['TOKEN_REVOKED', 'SESSION_EXPIRED', 'INVALID_TENANT'] as const)(
    'refuses a cached token with %s when its session status says so',
    async (code) => {
      const { guard, sessionStatus } = createGuard();
      const token = genuine();
      await authenticate(guard, bearing(token));
      sessionStatus.refusal = new ApiError(code);
      const request = bearing(token);
      await expect(authenticate(guard, request)).rejects.toMatchObject({ code });
      expect(request.principal).toBeUndefined();
    },
  );

  it('refuses a cached token from the second in which it expires', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { guard, sessionStatus } = createGuard();
    const exp = now() + 300;
    const token = genuine({ exp });
    await authenticate(guard, bearing(token));
    vi.setSystemTime(exp * 1000 - 1);
    await expect(authenticate(guard, bearing(token))).resolves.toBe(true);
    vi.setSystemTime(exp * 1000);
    await expect(authenticate(guard, bearing(token))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
    expect(sessionStatus.queries).toHaveLength(2);
  });

  it('does not check the session status of an invalid token', async () => {
    const { guard, sessionStatus } = createGuard();
    await expect(authenticate(guard, bearing(`${genuine()}A`))).rejects.toThrow(ApiError);
    expect(sessionStatus.queries).toEqual([]);
  });

  it('requires a token on a route without a policy', async () => {
    const { guard } = createGuard();
    const context = contextOf(requestWith(), Routes.prototype.unstated);
    expect(() => guard.canActivate(context)).toThrow(
      expect.objectContaining({ code: 'TOKEN_REQUIRED' }),
    );
  });

  it('allows a public route without looking at the token', async () => {
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
    await expect(authenticate(guard, request)).rejects.toMatchObject({
      code: 'TOKEN_REQUIRED',
    });
  });

  it('passes on an error of the session status, so that a database failure does not look like an invalid token', async () => {
    const { guard, sessionStatus } = createGuard();
    sessionStatus.refusal = new Error('connection refused');
    await expect(authenticate(guard, bearing(genuine()))).rejects.toThrow('connection refused');
  });

  it('keeps two applications in one process separate', async () => {
    const one = createGuard();
    const other = createGuard(new AccessTokenVerifier(new KeyRing([foreign.publicKey]), PARTIES));
    const token = forge(
      { ...HEADER, kid: keyId(foreign.publicKey) },
      genuineClaims(),
      rsa(foreign.privateKey),
    );
    await expect(authenticate(one.guard, bearing(genuine()))).resolves.toBe(true);
    await expect(authenticate(other.guard, bearing(token))).resolves.toBe(true);
    await expect(authenticate(one.guard, bearing(token))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
    await expect(authenticate(other.guard, bearing(genuine()))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });

  it('accepts tokens of a key that no longer signs while it is in the key ring', async () => {
    const oldToken = forge(
      { ...HEADER, kid: keyId(foreign.publicKey) },
      genuineClaims(),
      rsa(foreign.privateKey),
    );
    const rotating = new KeyRing([foreign.publicKey]);
    const { guard } = createGuard(new AccessTokenVerifier(rotating, PARTIES));
    await expect(authenticate(guard, bearing(oldToken))).resolves.toBe(true);
    await expect(authenticate(createGuard().guard, bearing(oldToken))).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });
});
