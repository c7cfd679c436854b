import type { RevocationEvent } from '../revocation/revocation-feed.js';
import { RevocationLog } from '../revocation/revocation-log.js';
import type { SessionClaims, SessionDecision } from './session-status.js';

/** Cached sessions, about 60 MiB. An evicted session costs one more query. */
const MAX_ENTRIES = 50_000;

interface Entry {
  readonly tenantId: string;
  readonly userId: string;
  /** Of the revocation log when the query started. */
  readonly version: number;
  readonly decision: SessionDecision;
}

/** Caches decisions by session until an event about the session, its user or its tenant arrives. */
export class SessionDecisionCache {
  private readonly entries = new Map<string, Entry>();
  private readonly log = new RevocationLog();

  constructor(private readonly capacity = MAX_ENTRIES) {}

  /** The version to read before querying the source. */
  get version(): number {
    return this.log.version;
  }

  isRevoked({ session_id: sessionId, tenant_id: tenantId }: SessionClaims): boolean {
    return this.log.isRevoked(sessionId, tenantId);
  }

  /** True if no event about the session, its user or its tenant arrived after `version`. */
  isCurrent(
    { session_id: sessionId, tenant_id: tenantId, sub: userId }: SessionClaims,
    version: number,
  ): boolean {
    return this.log.unchangedSince(version, tenantId, userId, sessionId);
  }

  /** The valid entry of exactly this session, user and tenant. A session that may have expired is queried again. */
  get(claims: SessionClaims): SessionDecision | undefined {
    const entry = this.entries.get(claims.session_id);
    return entry?.userId === claims.sub &&
      entry.tenantId === claims.tenant_id &&
      this.isCurrent(claims, entry.version) &&
      !hasExpired(entry.decision)
      ? entry.decision
      : undefined;
  }

  set(claims: SessionClaims, version: number, decision: SessionDecision): void {
    const { session_id: sessionId, tenant_id: tenantId, sub: userId } = claims;
    this.entries.delete(sessionId);
    this.entries.set(sessionId, { tenantId, userId, version, decision });
    if (this.entries.size <= this.capacity) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }

  /** @param now milliseconds since the epoch. */
  invalidate(events: readonly RevocationEvent[], now: number): void {
    for (const event of events) {
      this.log.record(event, now);
      if (event.kind === 'session') this.entries.delete(event.id);
    }
  }

  clear(): void {
    this.log.invalidateAll();
    this.entries.clear();
  }
}

function hasExpired(decision: SessionDecision): boolean {
  return 'rights' in decision && decision.from.age >= decision.validMs;
}
