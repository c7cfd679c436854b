import { Injectable } from '@nestjs/common';
import { type AuthenticationMethod, MAX_UUID } from '@poc-tracker/contracts';
import {
  CURRENT_TENANT,
  type RequestClient,
  type SqlRunner,
  TenantDatabase,
} from '@poc-tracker/tenancy';
import { LessThan, MoreThan } from 'typeorm';
import { UserSession } from './user-session.entity.js';

/** A session that is opened. */
export interface NewSession extends Pick<
  UserSession,
  | 'tenantId'
  | 'id'
  | 'userId'
  | 'refreshTokenHash'
  | 'refreshNonce'
  | 'deviceInfo'
  | 'amr'
  | 'authenticatedAt'
> {
  client: RequestClient;
  openedAt: Date;
  /** How many hours it lasts without use, and at most. */
  timeoutHours: number;
  lifetimeHours: number;
}

const INSERT = `
  INSERT INTO user_sessions (tenant_id, id, user_id, refresh_token_hash, refresh_nonce, device_info, ip_address, user_agent,
                             opened_from, opened_with, created_at, rotated_at, last_used_at, idle_timeout, ends_at, expires_at, amr,
                             authenticated_at)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $7, $8, t.opened, t.opened, t.opened, t.timeout, t.opened + t.lifetime,
         t.opened + least(t.timeout, t.lifetime), $12, $13
    FROM (SELECT $9::timestamptz AS opened, $10::float8 * interval '1 hour' AS timeout,
                 $11::float8 * interval '1 hour' AS lifetime) t`;

/** The values that one rotation writes. */
export interface Rotation {
  sessionId: string;
  /** Hash of the token that it spends. */
  spentHash: Buffer;
  successorHash: Buffer;
  successorNonce: Buffer;
  at: Date;
  client: RequestClient;
}

/** Spends a token and stores the hash of its successor. The use moves the expiry of the session, by a trigger. */
export const ROTATE = `
  UPDATE user_sessions
     SET generation = generation + 1,
         previous_refresh_token_hash = refresh_token_hash,
         refresh_token_hash = $3,
         refresh_nonce = $4,
         rotated_at = $5,
         last_used_at = $5,
         ip_address = $6,
         user_agent = $7
   WHERE id = $1 AND refresh_token_hash = $2 AND is_active AND expires_at > $5
  RETURNING device_info AS "deviceInfo", amr, authenticated_at AS "authenticatedAt"`;

/** What stays the same in a session over its rotations. */
export type KeptInRotation = Pick<UserSession, 'deviceInfo' | 'amr' | 'authenticatedAt'>;

/** A rotation without the refresh token, which its caller does not present: the row is locked and the generation known. */
const REAUTHENTICATE = `
  UPDATE user_sessions
     SET generation = generation + 1,
         previous_refresh_token_hash = refresh_token_hash,
         refresh_token_hash = $2,
         refresh_nonce = $3,
         rotated_at = $4,
         last_used_at = $4,
         ip_address = $5,
         user_agent = $6,
         amr = $7,
         authenticated_at = $4
   WHERE id = $1 AND is_active AND expires_at > $4`;

/**
 * Runs on the operators' login as well, hence the tenant of the transaction. It locks the sessions in the order of their
 * ids, as shorten_sessions() of the database does: two orders would be a deadlock.
 */
export const REVOKE_ALL_BUT = `
  WITH locked AS (
    SELECT id FROM user_sessions
     WHERE tenant_id = ${CURRENT_TENANT} AND user_id = $1 AND id IS DISTINCT FROM $2::uuid
       AND is_active AND expires_at > $3
     ORDER BY id FOR NO KEY UPDATE)
  UPDATE user_sessions s SET is_active = false, revoked_at = $3
    FROM locked WHERE s.tenant_id = ${CURRENT_TENANT} AND s.id = locked.id
  RETURNING s.id`;

/**
 * The sessions of a user beyond the number $3, by their last use, which includes requests: `user_sessions` has log-ins and refreshes
 * only. Locks them in the order of `REVOKE_ALL_BUT`.
 */
const REVOKE_BEYOND = `
  WITH beyond AS (
    SELECT s.id FROM user_sessions s
      JOIN session_changes c ON c.tenant_id = s.tenant_id AND c.session_id = s.id
     WHERE s.user_id = $1 AND s.id <> $2 AND s.is_active AND s.expires_at > $4
     ORDER BY c.last_accessed_at DESC, s.id DESC OFFSET $3 - 1),
  locked AS (
    SELECT id FROM user_sessions WHERE id IN (SELECT id FROM beyond) AND is_active ORDER BY id FOR NO KEY UPDATE)
  UPDATE user_sessions s SET is_active = false, revoked_at = $4
    FROM locked WHERE s.id = locked.id
  RETURNING s.id`;

/** Sessions of the current transaction's tenant; row-level security hides those of any other. */
@Injectable()
export class SessionRepository {
  constructor(private readonly database: TenantDatabase) {}

  async insert(session: NewSession): Promise<void> {
    await this.database.query(INSERT, [
      session.tenantId,
      session.id,
      session.userId,
      session.refreshTokenHash,
      session.refreshNonce,
      JSON.stringify(session.deviceInfo),
      session.client.ipAddress,
      session.client.userAgent,
      session.openedAt,
      session.timeoutHours,
      session.lifetimeHours,
      session.amr,
      session.authenticatedAt,
    ]);
  }

  async findById(id: string): Promise<UserSession | null> {
    const manager = await this.database.manager();
    return manager.findOneBy(UserSession, { id });
  }

  /**
   * The active sessions of one user, newest first, before the given one. A manager sees other users' sessions too, hence the
   * filter.
   */
  async listActiveBefore(
    userId: string,
    id: string | null,
    now: Date,
    limit: number,
  ): Promise<UserSession[]> {
    const manager = await this.database.manager();
    return manager.find(UserSession, {
      where: { userId, isActive: true, expiresAt: MoreThan(now), id: LessThan(id ?? MAX_UUID) },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  /** When each of these sessions was last used by a request, a log-in or a refresh, to the minute. */
  async lastAccesses(ids: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    const rows = await this.database.query<{ id: string; at: Date }>(
      `SELECT session_id AS id, last_accessed_at AS at FROM session_changes WHERE session_id = ANY ($1)`,
      [ids],
    );
    return new Map(rows.map(({ id, at }) => [id, at]));
  }

  /**
   * Spends the presented token and stores its successor, in one statement: of any number of parallel attempts one matches
   * the hash; the others wait for its row lock and then match none.
   * @returns the device and the authentication of the session, or null if the token is not the current one or the session has ended.
   */
  async rotate(rotation: Rotation): Promise<KeptInRotation | null> {
    const [rotated] = await this.database.query<KeptInRotation>(ROTATE, [
      rotation.sessionId,
      rotation.spentHash,
      rotation.successorHash,
      rotation.successorNonce,
      rotation.at,
      rotation.client.ipAddress,
      rotation.client.userAgent,
    ]);
    return rotated ?? null;
  }

  /** The active session of a user, locked until the transaction ends; null if there is none. */
  async findActiveForUpdate(userId: string, id: string, now: Date): Promise<UserSession | null> {
    const manager = await this.database.manager();
    return manager.findOne(UserSession, {
      where: { userId, id, isActive: true, expiresAt: MoreThan(now) },
      lock: { mode: 'for_no_key_update' },
    });
  }

  /** Writes a new proof of identity and the next refresh token of a session that this transaction has locked. */
  async reauthenticate(
    { sessionId, successorHash, successorNonce, at, client }: Omit<Rotation, 'spentHash'>,
    amr: readonly AuthenticationMethod[],
  ): Promise<void> {
    await this.database.query(REAUTHENTICATE, [
      sessionId,
      successorHash,
      successorNonce,
      at,
      client.ipAddress,
      client.userAgent,
      amr,
    ]);
  }

  /** Revokes one active session of a user. @returns its id, or nothing. */
  async revoke(userId: string, sessionId: string, at: Date): Promise<string[]> {
    const statement = `
      UPDATE user_sessions SET is_active = false, revoked_at = $3
       WHERE user_id = $1 AND id = $2 AND is_active AND expires_at > $3 RETURNING id`;
    return idsOf(await this.database.query(statement, [userId, sessionId, at]));
  }

  /** Revokes all active sessions of a user except `keep`. @returns their ids. */
  async revokeAllBut(
    transaction: SqlRunner,
    userId: string,
    keep: string | null,
    at: Date,
  ): Promise<string[]> {
    return idsOf(await transaction.query(REVOKE_ALL_BUT, [userId, keep, at]));
  }

  /** Revokes active sessions of a user, except `keep`, until `max` are left. @returns their ids. */
  async revokeBeyond(userId: string, keep: string, max: number, at: Date): Promise<string[]> {
    return idsOf(await this.database.query(REVOKE_BEYOND, [userId, keep, max, at]));
  }
}

function idsOf(rows: { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
