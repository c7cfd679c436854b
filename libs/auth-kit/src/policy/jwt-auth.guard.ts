import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { AccessTokenClaims } from '@poc-tracker/contracts';
import type { CurrentRights } from '../session-status/session-status.js';
import { SessionStatusService } from '../session-status/session-status.service.js';
import { AccessTokenVerifier } from '../token/access-token.verifier.js';
import { bearerToken } from '../token/bearer-token.js';
import { asInvalidToken } from '../token/invalid-token.js';
import type { AuthRequest } from './auth-request.js';
import { presentToken } from './jwt.strategy.js';
import { toPrincipal } from './principal.js';
import { RoutePolicyReader } from './route-policy.reader.js';

/** The request property on which passport sets the verified claims. */
const VERIFIED_CLAIMS = 'verifiedClaims';

/**
 * Authenticates the request and sets `request.principal`. Every route needs an access token unless it is `@Public()`, even
 * a route without a policy.
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

  /** Returns no promise if the token and its session status are cached, because promises cost time on every request. */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.policies.of(context)?.access === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthRequest>();
    const token = bearerToken(request);
    const claims = this.verifier.cachedClaims(token);
    // Most requests send a token that was verified before; passport verifies the first one.
    return claims === undefined
      ? this.verifyFirstTime(context, request, token).then((verified) =>
          this.authenticate(request, verified),
        )
      : this.authenticate(request, claims);
  }

  override getAuthenticateOptions(): { session: false; property: string } {
    return { session: false, property: VERIFIED_CLAIMS };
  }

  /** Passport passes an exception of `validate` as `error`, and a problem with the token as `failure`. */
  override handleRequest<T>(error: Error | null, claims: T | false, failure: unknown): T {
    if (error) throw error;
    if (claims === false) throw asInvalidToken(failure);
    return claims;
  }

  private authenticate(request: AuthRequest, claims: AccessTokenClaims): true | Promise<true> {
    const rights = this.sessionStatus.currentRights(claims);
    if (rights instanceof Promise) return this.authenticateLater(request, claims, rights);
    request.principal = toPrincipal(claims, rights);
    return true;
  }

  private async authenticateLater(
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
    await this.verifier.loadKey(token);
    presentToken(request, { token, verifier: this.verifier });
    await super.canActivate(context);
    const claims = request[VERIFIED_CLAIMS];
    if (claims === undefined) throw new Error('Passport authenticated a request without claims.');
    return claims;
  }
}
