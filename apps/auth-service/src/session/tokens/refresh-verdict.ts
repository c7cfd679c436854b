import type { RefreshTokenClaims } from '@poc-tracker/contracts';
import type { UserSession } from '../user-session.entity.js';

/**
 * How long a spent refresh token still gives its successor, in milliseconds: long enough for a client that refreshes
 * from two tabs at once or lost the answer on the way, too short for a stolen token to travel.
 */
export const REFRESH_GRACE_MS = 10_000;

/** Why a refresh token that is not the session's current one was presented, and hence what to do. */
export type RefreshVerdict =
  /** The rotation that the client asked for has already happened: give the same successor again. */
  | 'repeated'
  /** A spent token came back (RFC 9700, 4.14.2): it is in two hands, so the session ends. */
  | 'replayed'
  | 'expired'
  | 'revoked';

/** Judges a refresh token that was good once, against the session as it is now. */
export function judgeSpentToken(
  session: UserSession,
  presented: { claims: RefreshTokenClaims; hash: Buffer },
  now: Date,
): RefreshVerdict {
  if (!session.isActive) return 'revoked';
  if (session.expiresAt <= now) return 'expired';
  const isPrevious =
    presented.claims.generation === session.generation - 1 &&
    session.previousRefreshTokenHash?.equals(presented.hash) === true;
  const sinceRotation = now.getTime() - session.rotatedAt.getTime();
  return isPrevious && sinceRotation <= REFRESH_GRACE_MS ? 'repeated' : 'replayed';
}
