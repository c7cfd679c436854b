import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import { UserResponse } from '../user/user.response.js';
import type { UserSession } from './user-session.entity.js';

/** Shortened: real tokens are longer. */
const EXAMPLE_ACCESS_TOKEN =
  'eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJwb2MtdHJhY2tlci1hdXRoIn0.c2lnbmF0dXJl';
export const EXAMPLE_REFRESH_TOKEN =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJ0eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl';

/** The tokens of a session. */
export class TokensResponse {
  @ApiProperty({
    description: 'Bearer token of the API (JWT, RS256), valid for 15 minutes.',
    example: EXAMPLE_ACCESS_TOKEN,
  })
  accessToken: string;

  @ApiProperty({
    description: 'Can be used once, at POST /auth/refresh.',
    example: EXAMPLE_REFRESH_TOKEN,
  })
  refreshToken: string;

  @ApiProperty({ description: 'Lifetime of the access token in seconds.', example: 900 })
  expiresIn: number;
}

/** A user and the tokens of their session. */
export class UserTokensResponse {
  @ApiProperty({ type: UserResponse })
  user: UserResponse;

  @ApiProperty({ type: TokensResponse })
  tokens: TokensResponse;
}

/** An active session of a user. */
export class SessionResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718' })
  id: string;

  @ApiProperty({ description: 'True for the session of this request.', example: true })
  current: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The name that the app gave to the device at log-in.',
    example: 'ana-notebook',
  })
  deviceId: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The IP address of the last log-in or refresh.',
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
    description: 'Time of the last request, log-in or refresh, to the minute.',
  })
  lastUsedAt: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description:
      'When the session ends unless it is used. A refresh is use; no use extends it beyond `security.sessionLifetime`.',
  })
  expiresAt: Date;
}

/** A page of the active sessions of a user. */
export class SessionPageResponse {
  @ApiProperty({ type: SessionResponse, isArray: true })
  items: SessionResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export class RevokedSessionsResponse {
  @ApiProperty({ description: 'Number of revoked sessions.', example: 1 })
  revoked: number;
}

/** Lists each field: the row also has the hashes and the nonce of the refresh token. */
export function toSessionResponse(
  session: UserSession,
  currentSessionId: string,
  lastAccessedAt = session.lastUsedAt,
): SessionResponse {
  return {
    id: session.id,
    current: session.id === currentSessionId,
    deviceId: session.deviceInfo.deviceId ?? null,
    ipAddress: session.ipAddress,
    userAgent: session.userAgent,
    createdAt: session.createdAt,
    lastUsedAt: lastAccessedAt,
    expiresAt: session.expiresAt,
  };
}
