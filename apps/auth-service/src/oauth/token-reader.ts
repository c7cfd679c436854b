import { Injectable } from '@nestjs/common';
import { AccessTokenVerifier } from '@poc-tracker/auth-kit';
import { type AccessTokenClaims, ApiError, type RefreshTokenClaims } from '@poc-tracker/contracts';
import { TokenIssuer } from '../session/tokens/token-issuer.js';

/** A token of ours, rightly signed and not expired; what its session is worth is another question. */
export type ReadToken =
  | { type: 'access_token'; claims: AccessTokenClaims }
  | { type: 'refresh_token'; claims: RefreshTokenClaims };

/** Tells what a token is that somebody else was given. */
@Injectable()
export class TokenReader {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly issuer: TokenIssuer,
  ) {}

  /** Neither kind can pass for the other, so a hint as to which it is would only save time, and a wrong one must not harm. */
  read(token: string): ReadToken | undefined {
    const claims = accepted(() => this.verifier.verify(token));
    if (claims !== undefined) return { type: 'access_token', claims };
    const refresh = accepted(() => this.issuer.verifyRefresh(token));
    return refresh && { type: 'refresh_token', claims: refresh };
  }
}

function accepted<T>(verify: () => T): T | undefined {
  try {
    return verify();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'INVALID_TOKEN') return undefined;
    throw error;
  }
}
