import { ApiProperty } from '@nestjs/swagger';
import type { UserSession } from './user-session.entity.js';

/** The beginning of real ones; whole ones are for the client alone. */
const EXAMPLE_ACCESS_TOKEN =
  'eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJwb2MtdHJhY2tlci1hdXRoIn0.c2lnbmF0dXJl';
export const EXAMPLE_REFRESH_TOKEN =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJ0eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl';

/** The tokens of a session. */
export class TokensResponse {
  @ApiProperty({
    description: 'Bearer token of the API (RS256, 15 minutes).',
    example: EXAMPLE_ACCESS_TOKEN,
  })
  accessToken: string;

  @ApiProperty({
    description: 'Good for one rotation at POST /auth/refresh.',
    example: EXAMPLE_REFRESH_TOKEN,
  })
  refreshToken: string;

  @ApiProperty({ description: 'Life of the access token in seconds.', example: 900 })
  expiresIn: number;
}

/** One of the caller's own sessions. */
export class SessionResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718' })
  id: string;

  @ApiProperty({ description: 'True for the session that asks.', example: true })
  current: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'As the app named it at log-in.',
    example: 'ana-notebook',
  })
  deviceId: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Of the latest log-in or refresh.',
    example: '203.0.113.7',
  })
  ipAddress: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0 (X11; Linux x86_64)' })
  userAgent: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'Time of the latest log-in or refresh.',
  })
  lastUsedAt: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'When it ends, however much it is used.',
  })
  expiresAt: Date;
}

export class RevokedSessionsResponse {
  @ApiProperty({ description: 'How many sessions were ended.', example: 1 })
  revoked: number;
}

/** Names each field: the row also holds hashes and the nonce of the refresh token. */
export function toSessionResponse(session: UserSession, currentSessionId: string): SessionResponse {
  return {
    id: session.id,
    current: session.id === currentSessionId,
    deviceId: session.deviceInfo.deviceId ?? null,
    ipAddress: session.ipAddress,
    userAgent: session.userAgent,
    createdAt: session.createdAt,
    lastUsedAt: session.lastUsedAt,
    expiresAt: session.expiresAt,
  };
}
