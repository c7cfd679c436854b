import {
  ApiError,
  type Permission,
  type RefreshTokenClaims,
  type Role,
  type TenantSnapshot,
} from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { SessionStatusService } from '@poc-tracker/auth-kit';
import { type NamingRequest, TenantDatabase, TenantResolver, uuidv7 } from '@poc-tracker/tenancy';
import { randomBytes } from 'node:crypto';
import { SecurityEvents } from '../audit/security-events.js';
import { TenantService } from '../tenant/tenant.service.js';
import { Clock } from './clock.js';
import type { Device, DeviceInfo } from './device.decorator.js';
import { hashOfToken, refreshClaims, type RefreshState } from './tokens/refresh-claims.js';
import { judgeSpentToken } from './tokens/refresh-verdict.js';
import { SessionRepository } from './session.repository.js';
import {
  type RevokedSessionsResponse,
  type SessionResponse,
  type TokensResponse,
  toSessionResponse,
} from './session.response.js';
import { TokenIssuer } from './tokens/token-issuer.js';
import type { UserSession } from './user-session.entity.js';

/** Bytes of randomness in a refresh token: 256 bits. */
const NONCE_BYTES = 32;

const HOUR_MS = 60 * 60 * 1000;

/** Whose session it is, with the effective permissions. */
export interface SessionOwner {
  id: string;
  role: Role;
  permissions: readonly Permission[];
  tenant: TenantSnapshot;
}

/** What came of a refresh token; a refusal is a value, so that what it wrote is committed before it is answered. */
type Exchange =
  | { refreshToken: string; deviceInfo: DeviceInfo }
  | { refused: 'TOKEN_REVOKED' | 'SESSION_EXPIRED' };

/** Sessions from log-in to their end: opening, rotation of the refresh token, revocation. */
@Injectable()
export class SessionService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly issuer: TokenIssuer,
    private readonly sessionStatus: SessionStatusService,
    private readonly tenants: TenantService,
    private readonly resolver: TenantResolver,
    private readonly database: TenantDatabase,
    private readonly clock: Clock,
    private readonly events: SecurityEvents,
  ) {}

  /** Opens a session in the current transaction. It lasts as many hours as the tenant's `security.sessionTimeout`. */
  async open(
    owner: SessionOwner,
    device: Device,
    deviceInfo: DeviceInfo = {},
  ): Promise<TokensResponse> {
    const { security } = await this.tenants.settings();
    const now = this.clock.now();
    const state: RefreshState = {
      tenantId: owner.tenant.id,
      id: uuidv7(),
      userId: owner.id,
      generation: 0,
      refreshNonce: randomBytes(NONCE_BYTES),
      rotatedAt: now,
      expiresAt: new Date(now.getTime() + security.sessionTimeout * HOUR_MS),
    };
    const refreshToken = this.issuer.refreshToken(refreshClaims(state));
    await this.sessions.insert({
      ...state,
      refreshTokenHash: hashOfToken(refreshToken),
      previousRefreshTokenHash: null,
      deviceInfo,
      ipAddress: device.ipAddress,
      userAgent: device.userAgent,
      lastUsedAt: now,
      isActive: true,
      revokedAt: null,
      createdAt: now,
    });
    return this.tokens(owner, state.id, deviceInfo, refreshToken);
  }

  /**
   * Exchanges a refresh token for its successor and a fresh access token, within the same session (RFC 9700, 4.14.2).
   * Presented again within the grace it gives the same successor; presented later it ends the session.
   * The token says which tenant it is for; a host that names another one is refused.
   * @throws ApiError INVALID_TOKEN, TENANT_MISMATCH, TOKEN_REVOKED, SESSION_EXPIRED, INVALID_TENANT.
   */
  async rotate(
    refreshToken: string,
    device: Device,
    request: NamingRequest,
  ): Promise<TokensResponse> {
    const claims = this.issuer.verifyRefresh(refreshToken);
    // Asked before the token is spent: a tenant that is suspended for a day must not cost its people their sessions.
    const rights = await this.sessionStatus.fetchRights(claims);
    await this.resolver.assertHostAgrees(request, rights.tenant);
    const exchange = await this.database.transaction(
      { tenantId: claims.tenant_id, userId: claims.sub, role: null },
      () => this.exchange({ claims, hash: hashOfToken(refreshToken) }, device),
    );
    if ('refused' in exchange) throw new ApiError(exchange.refused);
    const owner = { id: claims.sub, ...rights };
    return this.tokens(owner, claims.session_id, exchange.deviceInfo, exchange.refreshToken);
  }

  /** Ends one session of a person; to end it twice does no harm. */
  async end(userId: string, sessionId: string): Promise<RevokedSessionsResponse> {
    const ended = await this.sessions.revoke(userId, sessionId, this.clock.now());
    return this.recordEnd('logout', userId, ended);
  }

  /** The same at the wish of a service: nobody of the tenant did it, and the trail names the service instead. */
  async endForClient(
    clientId: string,
    userId: string,
    sessionId: string,
  ): Promise<RevokedSessionsResponse> {
    const ended = await this.sessions.revoke(userId, sessionId, this.clock.now());
    return this.recordEnd('session.revoked', userId, ended, clientId);
  }

  /**
   * Ends one session of a person.
   * @throws ApiError NOT_FOUND when the person has no such open session, whoever else may have it.
   */
  async revoke(userId: string, sessionId: string): Promise<RevokedSessionsResponse> {
    const ended = await this.sessions.revoke(userId, sessionId, this.clock.now());
    if (ended.length === 0) throw new ApiError('NOT_FOUND');
    return this.recordEnd('session.revoked', userId, ended);
  }

  /** Ends all sessions of a person but this one. */
  async revokeOthers(userId: string, sessionId: string): Promise<RevokedSessionsResponse> {
    const ended = await this.sessions.revokeAllBut(userId, sessionId, this.clock.now());
    return this.recordEnd('session.revoked', userId, ended);
  }

  /** Ends all sessions of a person. */
  async revokeAll(userId: string): Promise<RevokedSessionsResponse> {
    const ended = await this.sessions.revokeAllBut(userId, null, this.clock.now());
    return this.recordEnd('session.revoked', userId, ended);
  }

  /**
   * Ends all sessions of a person and opens one in place of this one; what the device told of itself at log-in stays.
   */
  async replaceAll(
    owner: SessionOwner,
    sessionId: string,
    device: Device,
  ): Promise<TokensResponse> {
    const replaced = await this.sessions.findById(sessionId);
    await this.revokeAll(owner.id);
    return this.open(owner, device, replaced?.deviceInfo);
  }

  /** The open sessions of a person, latest use first. */
  async listOf(userId: string, currentSessionId: string): Promise<SessionResponse[]> {
    const sessions = await this.sessions.listActiveOf(userId, this.clock.now());
    return sessions.map((session) => toSessionResponse(session, currentSessionId));
  }

  /** Whether a refresh token is the one that its session would exchange now, and not a spent one. */
  async isCurrent(claims: RefreshTokenClaims, refreshToken: string): Promise<boolean> {
    const context = { tenantId: claims.tenant_id, userId: claims.sub, role: null };
    const session = await this.database.transaction(context, () =>
      this.sessions.findById(claims.session_id),
    );
    return session?.isActive === true && session.refreshTokenHash.equals(hashOfToken(refreshToken));
  }

  /** One event, however many sessions: the trail has the change of each of their rows besides. */
  private async recordEnd(
    type: 'logout' | 'session.revoked',
    userId: string,
    ended: readonly string[],
    clientId?: string,
  ): Promise<RevokedSessionsResponse> {
    const [first] = ended;
    if (first !== undefined) {
      const target =
        ended.length === 1 ? { type: 'session', id: first } : { type: 'user', id: userId };
      const byClient = clientId === undefined ? {} : { clientId };
      const details = { ...byClient, userId, sessions: ended.length };
      const event = { type, result: 'success', target, details } as const;
      await this.events.record(clientId === undefined ? event : { ...event, actorId: null });
    }
    return { revoked: ended.length };
  }

  private async exchange(
    presented: { claims: RefreshTokenClaims; hash: Buffer },
    device: Device,
  ): Promise<Exchange> {
    const { claims } = presented;
    const now = this.clock.now();
    const successor: RefreshState = {
      tenantId: claims.tenant_id,
      id: claims.session_id,
      userId: claims.sub,
      generation: claims.generation + 1,
      refreshNonce: randomBytes(NONCE_BYTES),
      rotatedAt: now,
      expiresAt: toldEnd(claims),
    };
    const refreshToken = this.issuer.refreshToken(refreshClaims(successor));
    const deviceInfo = await this.sessions.rotate({
      sessionId: claims.session_id,
      spentHash: presented.hash,
      successorHash: hashOfToken(refreshToken),
      successorNonce: successor.refreshNonce,
      at: now,
      device,
    });
    if (deviceInfo !== null) return { refreshToken, deviceInfo };
    const session = await this.sessions.findById(claims.session_id);
    return session === null
      ? { refused: 'TOKEN_REVOKED' }
      : this.answerSpentToken(session, presented, now);
  }

  private async answerSpentToken(
    session: UserSession,
    presented: { claims: RefreshTokenClaims; hash: Buffer },
    now: Date,
  ): Promise<Exchange> {
    switch (judgeSpentToken(session, presented, now)) {
      case 'repeated':
        return {
          refreshToken: this.issuer.refreshToken(
            refreshClaims({ ...session, expiresAt: toldEnd(presented.claims) }),
          ),
          deviceInfo: session.deviceInfo,
        };
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

  private async tokens(
    owner: SessionOwner,
    sessionId: string,
    { deviceId }: DeviceInfo,
    refreshToken: string,
  ): Promise<TokensResponse> {
    const { token, expiresIn } = await this.issuer.accessToken({
      user: owner,
      tenant: owner.tenant,
      sessionId,
      ...(deviceId !== undefined && { deviceId }),
    });
    return { accessToken: token, refreshToken, expiresIn };
  }
}

/**
 * The end that a session's tokens have told since its log-in. A shorter time-out moves the session's
 * own end and not this: the successor that is given again must be the same token.
 */
function toldEnd(claims: RefreshTokenClaims): Date {
  return new Date(claims.session_expires_at * 1000);
}
