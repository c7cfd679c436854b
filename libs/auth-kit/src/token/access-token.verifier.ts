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
 * How the signature is checked: by RS256 alone, whatever the header says. `nbf` is left to the
 * claims' own rules, because here one tolerance would hold for `nbf` and `exp` alike.
 */
export const SIGNATURE_RULES = {
  algorithms: ['RS256' as const],
  ignoreNotBefore: true,
};

/**
 * The rules for access tokens (RFC 8725, RFC 9068). A request's token passes through passport,
 * which asks here for the key before it checks the signature and hands over the claims afterwards;
 * `verify` does all of it at once.
 */
export class AccessTokenVerifier {
  private readonly memory = new VerifiedTokenCache();
  private readonly jwt = new JwtService({
    secretOrKeyProvider: (_type, token) => this.keyFor(token as string),
    verifyOptions: SIGNATURE_RULES,
  });

  constructor(
    private readonly keys: KeySource,
    private readonly expected: ExpectedParties,
  ) {}

  /** The claims of a token that has been verified before and has not expired. */
  recall(token: string): AccessTokenClaims | undefined {
    return this.memory.recall(token, nowInSeconds());
  }

  /**
   * Sees to it that the key of a token is known, where keys are fetched from the issuer.
   * @throws ApiError INVALID_TOKEN when the token is not in the strict form, SERVICE_UNAVAILABLE.
   */
  async prepare(token: string): Promise<void> {
    await this.keys.load?.(readStrictHeader(token, ACCESS_TOKEN_FORM).kid);
  }

  /**
   * The only key that can have signed this token. Nothing of the token is believed for it but the
   * name of a key that is in the ring already.
   * @throws ApiError INVALID_TOKEN when the token is not in the strict form or its key is unknown.
   */
  keyFor(token: string): KeyObject {
    const { kid } = readStrictHeader(token, ACCESS_TOKEN_FORM);
    const key = this.keys.find(kid);
    if (key === undefined) throw invalidToken('The key is unknown.');
    return key;
  }

  /**
   * Checks the claims of a token **whose signature has been verified** with the key that `keyFor`
   * gave, and remembers them.
   * @throws ApiError INVALID_TOKEN
   */
  accept(token: string, payload: unknown): AccessTokenClaims {
    const claims = this.readClaims(payload);
    this.memory.remember(token, claims, nowInSeconds());
    return claims;
  }

  /**
   * Verifies a token that is not the one of a request; the revocation feed is not asked. Nothing is
   * remembered: whoever can have such tokens made could push those of real requests out of the
   * memory.
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
