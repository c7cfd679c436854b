import { ACCESS_TOKEN_SECONDS } from '@poc-tracker/auth-kit';
import { effectivePermissions } from '@poc-tracker/contracts';
import {
  blacklistKey,
  permissionsKey,
  sessionKey,
  tenantSessionsKey,
  userSessionsKey,
} from '../../redis/session-keys.js';
import { accessTokenId } from '../tokens/access-token-id.js';
import type { SessionRow } from './session-mirror.repository.js';

/** A token may be signed a moment after the last change of its session, by a clock that differs. */
const LONGEST_TOKEN_MS = (ACCESS_TOKEN_SECONDS + 60) * 1000;

const PERMISSIONS_MS = 30 * 60 * 1000;

/** What the mirror holds of one session. Numbers are texts, because Lua would round them. */
export interface MirroredSession {
  id: string;
  key: string;
  userKey: string;
  tenantKey: string;
  /** Empty: the session is not in the mirror. */
  value: string;
  /** Milliseconds since the epoch, or what is left of it. */
  endsAt: string;
  ttl: string;
  tokens: string[];
  /** How long the tokens are refused; empty: they are not. */
  refusedFor: string;
  permissionsKey: string;
  /** Empty: they are dropped. */
  permissions: string;
  permissionsTtl: string;
}

/** What the mirror holds of a session follows from its row alone, so it does not matter how often it is written. */
export function toMirroredSession(row: SessionRow): MirroredSession {
  const { tenantId, sessionId, userId, active, admitted } = row;
  const ttl = Math.ceil(-row.endedForMs);
  const inMirror = active && ttl > 0;
  // The tokens of a session that can be used again are valid until they expire.
  const refusedFor = inMirror
    ? admitted
      ? 0
      : LONGEST_TOKEN_MS
    : Math.min(Math.ceil(LONGEST_TOKEN_MS - row.endedForMs), LONGEST_TOKEN_MS);
  return {
    id: sessionId,
    key: sessionKey(tenantId, sessionId),
    userKey: userSessionsKey(tenantId, userId),
    tenantKey: tenantSessionsKey(tenantId),
    value: inMirror ? valueOf(row) : '',
    endsAt: String(row.endsAt.getTime()),
    ttl: String(ttl),
    tokens: tokensOf(row),
    refusedFor: refusedFor > 0 ? String(refusedFor) : '',
    permissionsKey: permissionsKey(tenantId, userId),
    permissions:
      inMirror && admitted && row.role !== null
        ? JSON.stringify(effectivePermissions(row.role, row.grants))
        : '',
    permissionsTtl: String(PERMISSIONS_MS),
  };
}

/** Without anything that a client could present, and without addresses. */
function valueOf(row: SessionRow): string {
  return JSON.stringify({
    id: row.sessionId,
    tenantId: row.tenantId,
    userId: row.userId,
    deviceId: row.deviceId,
    createdAt: row.createdAt,
    lastAccessed: row.lastAccessedAt,
    expiresAt: row.endsAt,
  });
}

function tokensOf({ sessionId, previousGeneration, generation }: SessionRow): string[] {
  const count = generation - previousGeneration + 1;
  return Array.from({ length: count }, (_, index) =>
    blacklistKey(accessTokenId(sessionId, previousGeneration + index)),
  );
}
