import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { MoreThan } from 'typeorm';
import type { Device, DeviceInfo } from './device.decorator.js';
import { UserSession } from './user-session.entity.js';

/** What one rotation writes. */
export interface Rotation {
  sessionId: string;
  /** Hash of the token that is spent by it. */
  spentHash: Buffer;
  successorHash: Buffer;
  successorNonce: Buffer;
  at: Date;
  device: Device;
}

/** Spends a token and puts its successor in place. */
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
  RETURNING device_info AS "deviceInfo"`;

/** Questions about the sessions of the current transaction's tenant; row-level security answers for no other. */
@Injectable()
export class SessionRepository {
  constructor(private readonly database: TenantDatabase) {}

  async insert(session: UserSession): Promise<void> {
    const manager = await this.database.manager();
    await manager.insert(UserSession, session);
  }

  async findById(id: string): Promise<UserSession | null> {
    const manager = await this.database.manager();
    return manager.findOneBy(UserSession, { id });
  }

  /** The living sessions of one person, latest use first. A manager sees other people's too, hence the user in the question. */
  async listActiveOf(userId: string, now: Date): Promise<UserSession[]> {
    const manager = await this.database.manager();
    return manager.find(UserSession, {
      where: { userId, isActive: true, expiresAt: MoreThan(now) },
      order: { lastUsedAt: 'DESC', id: 'DESC' },
    });
  }

  /**
   * Spends the presented token and puts its successor in place, in one statement: of any number of parallel attempts
   * one finds the hash, the rest wait for its row lock and then find none.
   * @returns what the client told of its device, or null when the token is not the session's current one or the session has ended.
   */
  async rotate(rotation: Rotation): Promise<DeviceInfo | null> {
    const [rotated] = await this.database.query<{ deviceInfo: DeviceInfo }>(ROTATE, [
      rotation.sessionId,
      rotation.spentHash,
      rotation.successorHash,
      rotation.successorNonce,
      rotation.at,
      rotation.device.ipAddress,
      rotation.device.userAgent,
    ]);
    return rotated?.deviceInfo ?? null;
  }

  /** Ends one session of a person. Empty when there is none to end. */
  async revoke(userId: string, sessionId: string, at: Date): Promise<string[]> {
    return this.idsOf(
      `UPDATE user_sessions SET is_active = false, revoked_at = $3
        WHERE user_id = $1 AND id = $2 AND is_active AND expires_at > $3 RETURNING id`,
      [userId, sessionId, at],
    );
  }

  /** Ends all sessions of a person but one; with `keep` null, all of them. */
  async revokeAllBut(userId: string, keep: string | null, at: Date): Promise<string[]> {
    return this.idsOf(
      `UPDATE user_sessions SET is_active = false, revoked_at = $3
        WHERE user_id = $1 AND id IS DISTINCT FROM $2::uuid AND is_active AND expires_at > $3 RETURNING id`,
      [userId, keep, at],
    );
  }

  private async idsOf(sql: string, params: unknown[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(sql, params);
    return rows.map(({ id }) => id);
  }
}
