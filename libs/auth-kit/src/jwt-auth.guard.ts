import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { AccessTokenClaims } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import { AccessTokenVerifier } from './access-token.verifier.js';
import { bearerToken } from './bearer-token.js';
import { asInvalidToken } from './invalid-token.js';
import { presentToken } from './jwt.strategy.js';
import { toPrincipal } from './principal.js';
import { RevocationFeed } from './revocation.feed.js';
import { RoutePolicyReader } from './route-policy.reader.js';

/** Where passport leaves the claims that it has just verified. */
const VERIFIED_CLAIMS = 'verifiedClaims';

/**
 * Finds out who makes the request and fills `request.principal`. Every route but a `@Public()` one
 * needs an access token, one that states no policy included.
 * @throws ApiError TOKEN_REQUIRED, INVALID_TOKEN, and those of the {@link RevocationFeed}.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly feed: RevocationFeed,
    private readonly policies: RoutePolicyReader,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.policies.of(context)?.access === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = bearerToken(request);
    // Nearly every request carries a token that was verified before; passport is for the first one.
    const claims =
      this.verifier.recall(token) ?? (await this.verifyFirstTime(context, request, token));
    request.principal = toPrincipal(claims, await this.feed.currentRights(claims));
    return true;
  }

  override getAuthenticateOptions(): { session: false; property: string } {
    return { session: false, property: VERIFIED_CLAIMS };
  }

  /**
   * Passport reports what `validate` threw as an error, and what was wrong with the token as a
   * failure.
   */
  override handleRequest<T>(error: Error | null, claims: T | false, failure: unknown): T {
    if (error) throw error;
    if (claims === false) throw asInvalidToken(failure);
    return claims;
  }

  private async verifyFirstTime(
    context: ExecutionContext,
    request: FastifyRequest & { [VERIFIED_CLAIMS]?: AccessTokenClaims },
    token: string,
  ): Promise<AccessTokenClaims> {
    presentToken(request, { token, verifier: this.verifier });
    await super.canActivate(context);
    const claims = request[VERIFIED_CLAIMS];
    if (claims === undefined) throw new Error('Passport let a request through without its claims.');
    return claims;
  }
}
