import type { AuthenticationMethod } from '@poc-tracker/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The device as the app named it at log-in. */
export interface DeviceInfo {
  deviceId?: string | undefined;
}

/** One log-in on one device. Its refresh token changes with every rotation; the row and its id stay. */
@Entity('user_sessions')
export class UserSession {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  /** SHA-256 of the current refresh token. */
  @Column({ name: 'refresh_token_hash', type: 'bytea' })
  refreshTokenHash: Buffer;

  /** SHA-256 of the token that the last rotation spent; accepted within the grace period only. */
  @Column({ name: 'previous_refresh_token_hash', type: 'bytea', nullable: true })
  previousRefreshTokenHash: Buffer | null;

  /** The 256 random bits of the current token, from which the same token can be issued again within the grace period. */
  @Column({ name: 'refresh_nonce', type: 'bytea' })
  refreshNonce: Buffer;

  /** Number of rotations so far; distinguishes a spent token from the current one even within one second. */
  @Column({ type: 'int' })
  generation: number;

  @Column({ name: 'device_info', type: 'jsonb' })
  deviceInfo: DeviceInfo;

  @Column({ name: 'ip_address', type: 'inet', nullable: true })
  ipAddress: string | null;

  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent: string | null;

  /** When the session ends unless it is used before; never after the end that was set at log-in. */
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz' })
  lastUsedAt: Date;

  @Column({ name: 'rotated_at', type: 'timestamptz' })
  rotatedAt: Date;

  /** How and when the user has authenticated in this session: at the log-in, and by each step-up. */
  @Column({ type: 'text', array: true })
  amr: AuthenticationMethod[];

  @Column({ name: 'authenticated_at', type: 'timestamptz' })
  authenticatedAt: Date;

  @Column({ name: 'is_active', type: 'boolean' })
  isActive: boolean;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
