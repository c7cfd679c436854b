import {
  ApiError,
  type AuthenticationMethod,
  type Permission,
  type Role,
  type TenantSnapshot,
} from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, type PageQuery, toPage } from '@poc-tracker/http-service';
import { type RequestClient, uuidv7 } from '@poc-tracker/tenancy';
import { hashOfSecret, randomSecretBytes } from '../protection/secret.js';
import { TenantService } from '../tenant/tenant.service.js';
import { SecurityEvents } from '../audit/security-events.js';
import { Clock } from './clock.js';
import { SessionRepository } from './session.repository.js';
import {
  type SessionPageResponse,
  type TokensResponse,
  toSessionResponse,
} from './session.response.js';
import { type RefreshState, TokenIssuer } from './tokens/token-issuer.js';
import type { DeviceInfo } from './user-session.entity.js';

/** The user of a session, with the effective permissions. */
export interface SessionOwner {
  id: string;
  role: Role;
  permissions: readonly Permission[];
  tenant: TenantSnapshot;
}

/** How a session is opened. */
export interface SessionOrigin {
  deviceInfo?: DeviceInfo | undefined;
  /** How the user has authenticated. */
  amr: readonly AuthenticationMethod[];
  /** When, if it was not just now. */
  authenticatedAt?: Date | undefined;
  /** Whether all other sessions of the user end. */
  revokesOthers?: boolean | undefined;
}

/** Opens and lists sessions, in the transaction of the caller. */
@Injectable()
export class SessionService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly issuer: TokenIssuer,
    private readonly tenants: TenantService,
    private readonly clock: Clock,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Opens a session. It expires after the tenant's `security.sessionTimeout` without use, and after
   * `security.sessionLifetime` in any case. Revokes the user's sessions beyond `security.maxSessions`, or all others. In
   * this order: to open one waits for a change of the session settings, which itself waits for the locks of the sessions.
   */
  async open(
    owner: SessionOwner,
    client: RequestClient,
    origin: SessionOrigin,
  ): Promise<TokensResponse> {
    const { id, tokens, openedAt, maxSessions } = await this.insert(owner, client, origin);
    const isOnly = origin.revokesOthers === true;
    const kept = isOnly ? 1 : maxSessions;
    const revoked = await this.sessions.revokeBeyond(owner.id, id, kept, openedAt);
    if (revoked.length > 0) {
      await this.events.record({
        type: 'session.revoked',
        result: 'success',
        target: { type: 'user', id: owner.id },
        details: {
          userId: owner.id,
          sessions: revoked.length,
          ...(!isOnly && { reason: 'max_sessions' }),
        },
      });
    }
    return tokens;
  }

  /** Revokes all sessions of a user and opens one in place of this one, with its device and authentication. */
  async replaceAll(
    owner: SessionOwner,
    sessionId: string,
    client: RequestClient,
  ): Promise<TokensResponse> {
    const replaced = await this.sessions.findById(sessionId);
    // Revoked while the new password was hashed.
    if (replaced?.isActive !== true) throw new ApiError('TOKEN_REVOKED');
    const origin: SessionOrigin = replaced;
    return this.open(owner, client, { ...origin, revokesOthers: true });
  }

  /** One page of the active sessions of a user, newest first. @throws ApiError VALIDATION_ERROR for the cursor of another list. */
  async list(
    { tenantId, sessionId }: Pick<Principal, 'tenantId' | 'sessionId'>,
    userId: string,
    { limit, cursor }: PageQuery,
  ): Promise<SessionPageResponse> {
    const list = { list: 'sessions', userId };
    const before = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    const now = await this.clock.now();
    const found = await this.sessions.listActiveBefore(userId, before, now, limit + 1);
    const { items, nextCursor } = toPage(tenantId, found, limit, list);
    const accesses = await this.sessions.lastAccesses(items.map(({ id }) => id));
    return {
      items: items.map((session) =>
        toSessionResponse(session, sessionId, accesses.get(session.id)),
      ),
      nextCursor,
    };
  }

  private async insert(
    owner: SessionOwner,
    client: RequestClient,
    { deviceInfo = {}, amr, authenticatedAt }: SessionOrigin,
  ): Promise<{ id: string; tokens: TokensResponse; openedAt: Date; maxSessions: number }> {
    const { security } = await this.tenants.settings();
    const { tenant, ...user } = owner;
    const openedAt = await this.clock.now();
    const state: RefreshState = {
      tenantId: tenant.id,
      id: uuidv7(),
      userId: user.id,
      generation: 0,
      refreshNonce: randomSecretBytes(),
      rotatedAt: openedAt,
    };
    const authentication = { amr: [...amr], authenticatedAt: authenticatedAt ?? openedAt };
    const refreshToken = this.issuer.refreshToken(state);
    await this.sessions.insert({
      ...state,
      refreshTokenHash: hashOfSecret(refreshToken),
      deviceInfo,
      ...authentication,
      client,
      openedAt,
      timeoutHours: security.sessionTimeout,
      lifetimeHours: security.sessionLifetime,
    });
    const { deviceId } = deviceInfo;
    const { id, generation } = state;
    const subject = { user, tenant, sessionId: id, generation, deviceId, ...authentication };
    const tokens = await this.issuer.tokens(subject, refreshToken);
    return { id, tokens, openedAt, maxSessions: security.maxSessions };
  }
}
