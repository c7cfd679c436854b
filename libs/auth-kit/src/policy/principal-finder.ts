import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { SessionStatusService } from '../session-status/session-status.service.js';
import { AccessTokenVerifier } from '../token/access-token.verifier.js';
import { bearerToken, readBearer, type TokenRequest } from '../token/bearer-token.js';
import { type Principal, toPrincipal } from './principal.js';

/** Finds out who sends a request to a `@Public()` route, where JwtAuthGuard does not look at tokens. */
@Injectable()
export class PrincipalFinder {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly sessionStatus: SessionStatusService,
  ) {}

  /**
   * The principal of a request; undefined without a token that a protected route would accept, and with one whose signature
   * cannot be verified because the issuer is unavailable: anyone can send such a token.
   * @throws ApiError SERVICE_UNAVAILABLE if the session of a verified token cannot be checked.
   */
  async find(request: TokenRequest): Promise<Principal | undefined> {
    if (request.headers.authorization === undefined) return undefined;
    try {
      const token = bearerToken(request);
      // Without the key, `verify` refuses the token.
      await this.verifier.loadKey(token).catch(ignoreUnavailable);
      const claims = this.verifier.cachedClaims(token) ?? this.verifier.verify(token);
      return toPrincipal(claims, await this.sessionStatus.currentRights(claims));
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return undefined;
      throw error;
    }
  }

  /**
   * The user of a token that this process has verified before, even if its session has ended: says whose request it is before
   * anything is looked up, and authenticates no one.
   */
  recognize(headers: IncomingHttpHeaders): { tenantId: string; userId: string } | undefined {
    const claims = this.verifier.cachedClaims(readBearer(headers.authorization ?? '') ?? '');
    return claims && { tenantId: claims.tenant_id, userId: claims.sub };
  }
}

function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof ApiError && error.code === 'SERVICE_UNAVAILABLE')) throw error;
}
