import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { FakeSessionStatus, requestWith } from '../../test/requests.js';
import {
  foreign,
  forge,
  genuine,
  genuineClaims,
  HEADER,
  PARTIES,
  ring,
  rsa,
} from '../../test/token-forge.js';
import { AccessTokenVerifier } from '../token/access-token.verifier.js';
import { JwksKeySource } from '../token/jwks.key-source.js';
import { PrincipalFinder } from './principal-finder.js';

const bearing = (token: string) => requestWith(['Authorization', `Bearer ${token}`]);

function createFinder() {
  const sessionStatus = new FakeSessionStatus();
  return {
    sessionStatus,
    finder: new PrincipalFinder(new AccessTokenVerifier(ring, PARTIES), sessionStatus),
  };
}

describe('PrincipalFinder', () => {
  it('recognizes the user of a token that was verified for a request before, and of no other', () => {
    const verifier = new AccessTokenVerifier(ring, PARTIES);
    const finder = new PrincipalFinder(verifier, new FakeSessionStatus());
    const claims = genuineClaims();
    const token = forge(HEADER, claims);
    const recognize = (authorization?: string) => finder.recognize({ authorization });
    expect(recognize(`Bearer ${token}`)).toBeUndefined();
    verifier.accept(token, claims);
    const user = { tenantId: claims.tenant_id, userId: claims.sub };
    expect(recognize(`bearer  ${token}`)).toEqual(user);
    for (const other of [undefined, '', 'Bearer', `Basic ${token}`, `Bearer ${token}x`])
      expect(recognize(other)).toBeUndefined();
  });

  it.each([true, false])(
    'finds the principal of a valid token (status queried: %s)',
    async (later) => {
      const { finder, sessionStatus } = createFinder();
      sessionStatus.later = later;
      const claims = genuineClaims();
      expect(await finder.find(bearing(forge(HEADER, claims)))).toMatchObject({
        userId: claims.sub,
        tenantId: claims.tenant_id,
      });
    },
  );

  it.each([
    ['no token', requestWith()],
    ['another scheme', requestWith(['Authorization', 'Basic eDp5'])],
    ['two tokens', requestWith(['Authorization', `Bearer ${genuine()}`], ['Authorization', 'x'])],
    ['a malformed token', bearing('x')],
    ['an expired token', bearing(genuine({ exp: 1 }))],
    ['a forged token', bearing(forge(HEADER, genuineClaims(), rsa(foreign.privateKey)))],
  ])('finds no principal for %s', async (_case, request) => {
    const { finder, sessionStatus } = createFinder();
    expect(await finder.find(request)).toBeUndefined();
    expect(sessionStatus.queries).toEqual([]);
  });

  it.each(['TOKEN_REVOKED', 'SESSION_EXPIRED', 'INVALID_TENANT'] as const)(
    'finds no principal for a token whose session is refused with %s',
    async (code) => {
      const { finder, sessionStatus } = createFinder();
      sessionStatus.refusal = new ApiError(code);
      expect(await finder.find(bearing(genuine()))).toBeUndefined();
    },
  );

  it('finds no principal while the issuer is unavailable and the key of the token is unknown', async () => {
    const sessionStatus = new FakeSessionStatus();
    const keys = new JwksKeySource({
      url: 'https://auth.example/.well-known/jwks.json',
      fetch: () => Promise.reject(new Error('connect ECONNREFUSED')),
    });
    const finder = new PrincipalFinder(new AccessTokenVerifier(keys, PARTIES), sessionStatus);
    expect(await finder.find(bearing(genuine()))).toBeUndefined();
    expect(sessionStatus.queries).toEqual([]);
  });

  it('does not take a token that cannot be checked for an invalid one', async () => {
    const { finder, sessionStatus } = createFinder();
    sessionStatus.refusal = new ApiError('SERVICE_UNAVAILABLE');
    await expect(finder.find(bearing(genuine()))).rejects.toThrow(sessionStatus.refusal);
  });
});
