import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { AccessTokenClaims } from '@poc-tracker/contracts';
import { AccessTokenVerifier } from '../token/access-token.verifier.js';
import type { AuthRequest } from './auth-request.js';
import { bearerToken } from '../token/bearer-token.js';
import { asInvalidToken } from '../token/invalid-token.js';
import { presentToken } from './jwt.strategy.js';
import { toPrincipal } from './principal.js';
import { RoutePolicyReader } from './route-policy.reader.js';
import type { CurrentRights } from '../session-status/session-status.js';
import { SessionStatusService } from '../session-status/session-status.service.js';

/** Where passport leaves the claims that it has just verified. */
const VERIFIED_CLAIMS = 'verifiedClaims';

/**
 * Finds out who makes the request and fills `request.principal`. Every route but a `@Public()` one
 * needs an access token, one that states no policy included.
 * @throws ApiError TOKEN_REQUIRED, INVALID_TOKEN, and those of the {@link SessionStatusService}.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly sessionStatus: SessionStatusService,
    private readonly policies: RoutePolicyReader,
  ) {
    super();
  }

  /** Answers without a promise when the token was verified before and its standing is in memory: each one costs. */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.policies.of(context)?.access === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthRequest>();
    const token = bearerToken(request);
    const claims = this.verifier.recall(token);
    // Nearly every request carries a token that was verified before; passport is for the first one.
    return claims === undefined
      ? this.verifyFirstTime(context, request, token).then((verified) =>
          this.admit(request, verified),
        )
      : this.admit(request, claims);
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

  private admit(request: AuthRequest, claims: AccessTokenClaims): true | Promise<true> {
    const rights = this.sessionStatus.currentRights(claims);
    if (rights instanceof Promise) return this.admitLater(request, claims, rights);
    request.principal = toPrincipal(claims, rights);
    return true;
  }

  private async admitLater(
    request: AuthRequest,
    claims: AccessTokenClaims,
    rights: Promise<CurrentRights>,
  ): Promise<true> {
    request.principal = toPrincipal(claims, await rights);
    return true;
  }

  private async verifyFirstTime(
    context: ExecutionContext,
    request: AuthRequest & { [VERIFIED_CLAIMS]?: AccessTokenClaims },
    token: string,
  ): Promise<AccessTokenClaims> {
    await this.verifier.prepare(token);
    presentToken(request, { token, verifier: this.verifier });
    await super.canActivate(context);
    const claims = request[VERIFIED_CLAIMS];
    if (claims === undefined) throw new Error('Passport let a request through without its claims.');
    return claims;
  }
}
