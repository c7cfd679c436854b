import { ACCESS_TOKEN_TYPE, type AccessTokenClaims } from '@poc-tracker/contracts';
import { JwtService } from '@nestjs/jwt';
import type { KeyObject } from 'node:crypto';
import { type ExpectedParties, readAccessTokenClaims } from './access-token.claims.js';
import { asInvalidToken, invalidToken } from './invalid-token.js';
import type { KeySource } from './key-source.js';
import { readStrictHeader, type TokenForm } from './strict-jwt.js';
import { VerifiedTokenCache } from './verified-token.cache.js';

const ACCESS_TOKEN_FORM: TokenForm = { alg: 'RS256', typ: ACCESS_TOKEN_TYPE, keyed: true };

/**
 * RS256 only, whatever the header says. `nbf` is checked with the claims, because here one clock tolerance would apply
 * to both `nbf` and `exp`.
 */
export const SIGNATURE_RULES = {
  algorithms: ['RS256' as const],
  ignoreNotBefore: true,
};

/**
 * Verifies access tokens (RFC 8725, RFC 9068). For the token of a request passport checks the signature: it gets the key
 * from `keyFor` and passes the claims to `accept`. `verify` does both.
 */
export class AccessTokenVerifier {
  private readonly cache = new VerifiedTokenCache();
  private readonly jwt = new JwtService({
    secretOrKeyProvider: (_type, token) => this.keyFor(token as string),
    verifyOptions: SIGNATURE_RULES,
  });

  constructor(
    private readonly keys: KeySource,
    private readonly expected: ExpectedParties,
  ) {}

  /** The claims of a token that has been verified before, has not expired, and whose key has not been withdrawn. */
  cachedClaims(token: string): AccessTokenClaims | undefined {
    const verified = this.cache.get(token, nowInSeconds());
    return verified !== undefined && this.keys.isCurrent(verified.kid)
      ? verified.claims
      : undefined;
  }

  /**
   * Fetches the key of a token if it is unknown and keys come from the issuer.
   * @throws ApiError INVALID_TOKEN if the token is malformed, SERVICE_UNAVAILABLE.
   */
  async loadKey(token: string): Promise<void> {
    await this.keys.load?.(readStrictHeader(token, ACCESS_TOKEN_FORM).kid);
  }

  /**
   * The key that must have signed this token. Only `kid` is used, and only to select a known key.
   * @throws ApiError INVALID_TOKEN if the token is malformed or its key is unknown.
   */
  keyFor(token: string): KeyObject {
    const { kid } = readStrictHeader(token, ACCESS_TOKEN_FORM);
    const key = this.keys.find(kid);
    if (key === undefined) throw invalidToken('The key is unknown.');
    return key;
  }

  /**
   * Validates and caches the claims of a token **whose signature has been verified** with the key from `keyFor`.
   * @throws ApiError INVALID_TOKEN
   */
  accept(token: string, payload: unknown): AccessTokenClaims {
    const claims = this.readClaims(payload);
    const { kid } = readStrictHeader(token, ACCESS_TOKEN_FORM);
    this.cache.set(token, { claims, kid }, nowInSeconds());
    return claims;
  }

  /**
   * Verifies a token that does not authenticate a request, without its session status. The claims are not cached, so
   * that such tokens cannot evict those of real requests.
   * @throws ApiError INVALID_TOKEN
   */
  verify(token: string): AccessTokenClaims {
    return this.readClaims(this.readSigned(token));
  }

  private readClaims(payload: unknown): AccessTokenClaims {
    return Object.freeze(readAccessTokenClaims(payload, this.expected, nowInSeconds()));
  }

  private readSigned(token: string): unknown {
    try {
      return this.jwt.verify<Record<string, unknown>>(token);
    } catch (error) {
      throw asInvalidToken(error);
    }
  }
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
