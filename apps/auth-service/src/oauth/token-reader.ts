import { Injectable } from '@nestjs/common';
import { AccessTokenVerifier } from '@poc-tracker/auth-kit';
import { type AccessTokenClaims, ApiError, type RefreshTokenClaims } from '@poc-tracker/contracts';
import { TokenIssuer } from '../session/tokens/token-issuer.js';

/** A token of this service with a valid signature. Its session may have ended, and a refresh token may have expired. */
export type ReadToken =
  | { type: 'access_token'; claims: AccessTokenClaims }
  | { type: 'refresh_token'; claims: RefreshTokenClaims };

/** Reads tokens whose type is unknown. */
@Injectable()
export class TokenReader {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly issuer: TokenIssuer,
  ) {}

  /** Ignores `token_type_hint`: the types cannot be confused, and a wrong hint must not change the result. */
  read(token: string): ReadToken | undefined {
    const claims = verified(() => this.verifier.verify(token));
    if (claims !== undefined) return { type: 'access_token', claims };
    const refresh = verified(() => this.issuer.verifyRefresh(token));
    return refresh && { type: 'refresh_token', claims: refresh };
  }
}

function verified<T>(verify: () => T): T | undefined {
  try {
    return verify();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'INVALID_TOKEN') return undefined;
    throw error;
  }
}
