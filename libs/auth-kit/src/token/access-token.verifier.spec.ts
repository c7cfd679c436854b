import { describe, expect, it } from 'vitest';
import { genuine, HEADER, PARTIES, ring } from '../../test/token-forge.js';
import { AccessTokenVerifier } from './access-token.verifier.js';

describe('AccessTokenVerifier', () => {
  it('caches the claims of the token of a request', () => {
    const verifier = new AccessTokenVerifier(ring, PARTIES);
    const token = genuine();
    const claims = verifier.accept(token, verifier.verify(token));
    expect(verifier.cachedClaims(token)).toBe(claims);
  });

  it('verifies a cached token again once its key is no longer published', () => {
    const published = new Set([HEADER.kid]);
    const keys = {
      find: (kid: string) => ring.find(kid),
      isCurrent: (kid: string) => published.has(kid),
    };
    const verifier = new AccessTokenVerifier(keys, PARTIES);
    const token = genuine();
    verifier.accept(token, verifier.verify(token));
    expect(verifier.cachedClaims(token)).toBeDefined();
    published.clear();
    expect(verifier.cachedClaims(token)).toBeUndefined();
  });

  it('does not cache other tokens, so that health checks evict none of the real ones', () => {
    const verifier = new AccessTokenVerifier(ring, PARTIES);
    const token = genuine();
    verifier.verify(token);
    expect(verifier.cachedClaims(token)).toBeUndefined();
  });

  it.each([null, undefined, 'claims', 7])('refuses a token with the payload %s', (payload) => {
    const verifier = new AccessTokenVerifier(ring, PARTIES);
    expect(() => verifier.accept('token', payload)).toThrow(
      expect.objectContaining({ code: 'INVALID_TOKEN' }),
    );
  });

  it('returns frozen claims, which no request can change for the next one', () => {
    const claims = new AccessTokenVerifier(ring, PARTIES).verify(genuine());
    expect(() => Object.assign(claims, { tenant_id: 'another' })).toThrow(TypeError);
  });
});
