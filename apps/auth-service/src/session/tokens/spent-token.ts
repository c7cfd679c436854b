import type { RefreshTokenClaims } from '@poc-tracker/contracts';
import type { UserSession } from '../user-session.entity.js';

/**
 * How long a spent refresh token still gives its successor, in milliseconds: long enough for a client that refreshes
 * from two tabs at once or lost the response, too short to use a stolen token.
 */
export const REFRESH_GRACE_MS = 10_000;

/** Why a refresh token is not the current one of its session. */
export type SpentToken =
  /** The rotation that the client asks for has already happened: issue the same successor again. */
  | 'repeated'
  /** A spent token was presented again (RFC 9700, 4.14.2): two parties have it, so revoke the session. */
  | 'replayed'
  | 'expired'
  | 'revoked';

/** Classifies a refresh token that is genuine but not current, against the session as it is now. */
export function classifySpentToken(
  session: UserSession,
  presented: { claims: RefreshTokenClaims; hash: Buffer },
  now: Date,
): SpentToken {
  if (!session.isActive) return 'revoked';
  if (session.expiresAt <= now) return 'expired';
  const isPrevious =
    presented.claims.generation === session.generation - 1 &&
    session.previousRefreshTokenHash?.equals(presented.hash) === true;
  const sinceRotation = now.getTime() - session.rotatedAt.getTime();
  return isPrevious && sinceRotation <= REFRESH_GRACE_MS ? 'repeated' : 'replayed';
}
