import { ApiError, type RefreshTokenClaims } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { SessionStatusService } from '@poc-tracker/auth-kit';
import {
  contextWithoutRights,
  type NamingRequest,
  type RequestClient,
  TenantDatabase,
  TenantResolver,
} from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { CountryAccess } from '../../protection/country/country-access.js';
import { hashOfSecret, randomSecretBytes } from '../../protection/secret.js';
import type { UserResponse } from '../../user/user.response.js';
import { UserService } from '../../user/user.service.js';
import { Clock } from '../clock.js';
import { type KeptInRotation, SessionRepository } from '../session.repository.js';
import type { UserTokensResponse } from '../session.response.js';
import type { UserSession } from '../user-session.entity.js';
import { classifySpentToken } from './spent-token.js';
import { type RefreshState, TokenIssuer } from './token-issuer.js';

interface PresentedToken {
  claims: RefreshTokenClaims;
  hash: Buffer;
}

/** The result of an exchange. A refusal is a value, so that what it wrote is committed before the error is thrown. */
type Exchange =
  | (KeptInRotation & { refreshToken: string; generation: number; user: UserResponse })
  | { refused: 'INVALID_TOKEN' | 'TOKEN_REVOKED' | 'SESSION_EXPIRED' };

/** Rotation of refresh tokens (RFC 9700, 4.14.2). */
@Injectable()
export class RefreshService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly users: UserService,
    private readonly issuer: TokenIssuer,
    private readonly sessionStatus: SessionStatusService,
    private readonly resolver: TenantResolver,
    private readonly countries: CountryAccess,
    private readonly database: TenantDatabase,
    private readonly clock: Clock,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Exchanges a refresh token for its successor and a new access token of the same session. Presented again within the
   * grace period it gives the same successor; presented later it revokes the session. The token names its tenant; a host
   * that names another one is refused.
   * @throws ApiError INVALID_TOKEN, TENANT_MISMATCH, TOKEN_REVOKED, SESSION_EXPIRED, INVALID_TENANT,
   *   LOCATION_NOT_ALLOWED.
   */
  async refresh(
    refreshToken: string,
    client: RequestClient,
    request: NamingRequest,
  ): Promise<UserTokensResponse> {
    const claims = this.issuer.verifyRefresh(refreshToken);
    // Checked before the token is spent: a suspended tenant's users keep their sessions until it is reactivated.
    const rights = await this.sessionStatus.fetchRights(claims);
    await this.resolver.assertHostAgrees(request, rights.tenant);
    // Before the token is spent as well: a thief elsewhere must not end the session of its user.
    await this.countries.assertAllowed(rights.tenant, client, {
      type: 'refresh.refused',
      target: { type: 'session', id: claims.session_id },
    });
    const exchange = await this.database.transaction(
      contextWithoutRights(claims.tenant_id, claims.sub),
      () => this.exchange({ claims, hash: hashOfSecret(refreshToken) }, client),
    );
    if ('refused' in exchange) throw new ApiError(exchange.refused);
    const {
      user,
      refreshToken: successor,
      generation,
      deviceInfo,
      amr,
      authenticatedAt,
    } = exchange;
    const sessionId = claims.session_id;
    const { deviceId } = deviceInfo;
    const tokens = await this.issuer.tokens(
      { user, tenant: rights.tenant, sessionId, generation, deviceId, amr, authenticatedAt },
      successor,
    );
    return { user, tokens };
  }

  /** True for the token that its session would exchange now, false for a spent or expired one. */
  async isCurrent(claims: RefreshTokenClaims, refreshToken: string): Promise<boolean> {
    const context = contextWithoutRights(claims.tenant_id, claims.sub);
    return this.database.transaction(context, async () => {
      if (hasExpired(claims, await this.clock.now())) return false;
      const session = await this.sessions.findById(claims.session_id);
      return (
        session?.isActive === true && session.refreshTokenHash.equals(hashOfSecret(refreshToken))
      );
    });
  }

  private async exchange(presented: PresentedToken, client: RequestClient): Promise<Exchange> {
    const { claims } = presented;
    const now = await this.clock.now();
    if (hasExpired(claims, now)) return { refused: 'INVALID_TOKEN' };
    const successor: RefreshState = {
      tenantId: claims.tenant_id,
      id: claims.session_id,
      userId: claims.sub,
      generation: claims.generation + 1,
      refreshNonce: randomSecretBytes(),
      rotatedAt: now,
    };
    const refreshToken = this.issuer.refreshToken(successor);
    const kept = await this.sessions.rotate({
      sessionId: claims.session_id,
      spentHash: presented.hash,
      successorHash: hashOfSecret(refreshToken),
      successorNonce: successor.refreshNonce,
      at: now,
      client,
    });
    if (kept !== null) return this.granted(refreshToken, { ...successor, ...kept });
    const session = await this.sessions.findById(claims.session_id);
    return session === null
      ? { refused: 'TOKEN_REVOKED' }
      : this.answerSpentToken(session, presented, now);
  }

  private async granted(
    refreshToken: string,
    session: KeptInRotation & Pick<UserSession, 'userId' | 'generation'>,
  ): Promise<Exchange> {
    const { userId, generation, deviceInfo, amr, authenticatedAt } = session;
    const user = await this.users.profile(userId);
    return { refreshToken, generation, deviceInfo, amr, authenticatedAt, user };
  }

  private async answerSpentToken(
    session: UserSession,
    presented: PresentedToken,
    now: Date,
  ): Promise<Exchange> {
    switch (classifySpentToken(session, presented, now)) {
      case 'repeated':
        return this.granted(this.issuer.refreshToken(session), session);
      case 'replayed':
        await this.sessions.revoke(session.userId, session.id, now);
        await this.events.record({
          type: 'refresh.replayed',
          result: 'failure',
          target: { type: 'session', id: session.id },
        });
        return { refused: 'TOKEN_REVOKED' };
      case 'expired':
        return { refused: 'SESSION_EXPIRED' };
      case 'revoked':
        return { refused: 'TOKEN_REVOKED' };
    }
  }
}

function hasExpired({ exp }: RefreshTokenClaims, now: Date): boolean {
  return exp * 1000 <= now.getTime();
}
