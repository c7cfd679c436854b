import { describe, expect, it } from 'vitest';
import { genuine, PARTIES, ring } from '../../test/token-forge.js';
import { AccessTokenVerifier } from './access-token.verifier.js';

describe('AccessTokenVerifier', () => {
  it('remembers a token that a request brought', () => {
    const verifier = new AccessTokenVerifier(ring, PARTIES);
    const token = genuine();
    const claims = verifier.accept(token, verifier.verify(token));
    expect(verifier.recall(token)).toBe(claims);
  });

  it('remembers no other token, so that the probes of a health page push out none of the real ones', () => {
    const verifier = new AccessTokenVerifier(ring, PARTIES);
    const token = genuine();
    verifier.verify(token);
    expect(verifier.recall(token)).toBeUndefined();
  });

  it.each([null, undefined, 'claims', 7])(
    'takes the payload %s for an invalid token',
    (payload) => {
      const verifier = new AccessTokenVerifier(ring, PARTIES);
      expect(() => verifier.accept('token', payload)).toThrow(
        expect.objectContaining({ code: 'INVALID_TOKEN' }),
      );
    },
  );

  it('gives claims that nobody can change for the requests to come', () => {
    const claims = new AccessTokenVerifier(ring, PARTIES).verify(genuine());
    expect(() => Object.assign(claims, { tenant_id: 'another' })).toThrow(TypeError);
  });
});
