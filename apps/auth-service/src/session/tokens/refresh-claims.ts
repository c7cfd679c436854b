import type { RefreshTokenClaims } from '@poc-tracker/contracts';
import { createHash } from 'node:crypto';
import type { UserSession } from '../user-session.entity.js';

/** Life of a refresh token that is not used: 7 days, in seconds. */
const REFRESH_TOKEN_SECONDS = 7 * 24 * 60 * 60;

/** What of a session goes into its refresh token. */
export type RefreshState = Pick<
  UserSession,
  'tenantId' | 'id' | 'userId' | 'generation' | 'refreshNonce' | 'rotatedAt' | 'expiresAt'
>;

/**
 * The claims of a session's current refresh token. They come from the stored state alone, so that the same token can
 * be made again for a client that asks twice, while the database holds no usable token.
 */
export function refreshClaims(session: RefreshState): Omit<RefreshTokenClaims, 'type'> {
  const iat = toSeconds(session.rotatedAt);
  const sessionEnd = toSeconds(session.expiresAt);
  return {
    sub: session.userId,
    tenant_id: session.tenantId,
    session_id: session.id,
    generation: session.generation,
    jti: session.refreshNonce.toString('base64url'),
    session_expires_at: sessionEnd,
    iat,
    exp: Math.min(iat + REFRESH_TOKEN_SECONDS, sessionEnd),
  };
}

/** SHA-256 suffices for 256 random bits; a slow password hash would truncate a JWT at 72 bytes. */
export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
