import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DeviceInfo } from './device.decorator.js';

/** One log-in on one device. Its refresh token changes with every rotation; the row and its id stay. */
@Entity('user_sessions')
export class UserSession {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  /** SHA-256 of the one refresh token that is good for a rotation. */
  @Column({ name: 'refresh_token_hash', type: 'bytea' })
  refreshTokenHash: Buffer;

  /** SHA-256 of the token that the last rotation spent: recognised for the grace only. */
  @Column({ name: 'previous_refresh_token_hash', type: 'bytea', nullable: true })
  previousRefreshTokenHash: Buffer | null;

  /** The 256 random bits of the current token: with them the same successor can be made again within the grace. */
  @Column({ name: 'refresh_nonce', type: 'bytea' })
  refreshNonce: Buffer;

  /** Number of rotations so far; tells a spent token from the current one even within one second. */
  @Column({ type: 'int' })
  generation: number;

  @Column({ name: 'device_info', type: 'jsonb' })
  deviceInfo: DeviceInfo;

  @Column({ name: 'ip_address', type: 'inet', nullable: true })
  ipAddress: string | null;

  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent: string | null;

  /** End of the absolute life, set at log-in; no rotation moves it. */
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz' })
  lastUsedAt: Date;

  @Column({ name: 'rotated_at', type: 'timestamptz' })
  rotatedAt: Date;

  @Column({ name: 'is_active', type: 'boolean' })
  isActive: boolean;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
