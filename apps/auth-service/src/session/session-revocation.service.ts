import { ApiError, type SecurityEventType } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../audit/security-events.js';
import { Clock } from './clock.js';
import { SessionRepository } from './session.repository.js';
import type { RevokedSessionsResponse } from './session.response.js';

/** Revokes sessions, in the transaction of the caller, and records it. */
@Injectable()
export class SessionRevocationService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly clock: Clock,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /** Revokes the session that the user logs out of. To log out twice is no error. */
  async logOut(userId: string, sessionId: string): Promise<RevokedSessionsResponse> {
    const revoked = await this.sessions.revoke(userId, sessionId, await this.clock.now());
    return this.record(this.database, 'logout', userId, revoked);
  }

  /** Revokes a session at the request of a service. The audit log names the service instead of a user. */
  async revokeForClient(
    clientId: string,
    userId: string,
    sessionId: string,
  ): Promise<RevokedSessionsResponse> {
    const revoked = await this.sessions.revoke(userId, sessionId, await this.clock.now());
    return this.record(this.database, 'session.revoked', userId, revoked, clientId);
  }

  /**
   * Revokes one session of a user.
   * @throws ApiError NOT_FOUND if this user has no such active session, even if another user has it.
   */
  async revoke(userId: string, sessionId: string): Promise<RevokedSessionsResponse> {
    const revoked = await this.sessions.revoke(userId, sessionId, await this.clock.now());
    if (revoked.length === 0) throw new ApiError('NOT_FOUND');
    return this.record(this.database, 'session.revoked', userId, revoked);
  }

  /** Revokes all sessions of a user except this one. */
  async revokeOthers(userId: string, sessionId: string): Promise<RevokedSessionsResponse> {
    return this.revokeAllBut(this.database, userId, sessionId);
  }

  /**
   * Revokes all sessions of a user.
   * @param transaction of the request or an operator's
   */
  async revokeAll(transaction: SqlRunner, userId: string): Promise<RevokedSessionsResponse> {
    return this.revokeAllBut(transaction, userId, null);
  }

  private async revokeAllBut(
    transaction: SqlRunner,
    userId: string,
    keep: string | null,
  ): Promise<RevokedSessionsResponse> {
    const at = await this.clock.nowIn(transaction);
    const revoked = await this.sessions.revokeAllBut(transaction, userId, keep, at);
    return this.record(transaction, 'session.revoked', userId, revoked);
  }

  /** One event for any number of sessions: the audit log also has the change of each row. */
  private async record(
    transaction: SqlRunner,
    type: Extract<SecurityEventType, 'logout' | 'session.revoked'>,
    userId: string,
    revoked: readonly string[],
    clientId?: string,
  ): Promise<RevokedSessionsResponse> {
    const [first] = revoked;
    if (first !== undefined) {
      const target =
        revoked.length === 1 ? { type: 'session', id: first } : { type: 'user', id: userId };
      const details = { userId, sessions: revoked.length };
      const event = { type, result: 'success', target } as const;
      await this.events.recordIn(
        transaction,
        clientId === undefined
          ? { ...event, details }
          : { ...event, actorId: null, details: { clientId, ...details } },
      );
    }
    return { revoked: revoked.length };
  }
}
