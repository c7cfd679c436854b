import type { RevocationEvent } from './revocation-feed.js';

/** Entries kept. Above it everything cached becomes invalid, which costs one query per session. */
const MAX_ENTRIES = 50_000;

/** The lifetime of an access token. After it `exp` refuses the session's tokens. */
const REVOKED_MS = 15 * 60 * 1000;

/**
 * The latest event about each session, user and tenant, numbered by a version that every event increments. A result that
 * was requested at a version is valid only while none of its subjects has a later one. This also catches an event that
 * arrives while the query is in flight.
 */
export class RevocationLog {
  /** Id of a session, user or tenant → version. If two tenants share an id, that only costs one more query. */
  private readonly changed = new Map<string, number>();
  /** Revoked sessions, oldest revocation first. */
  private readonly revoked = new Map<string, { tenantId: string; until: number }>();
  private invalidBefore = 0;
  private counter = 0;

  constructor(private readonly capacity = MAX_ENTRIES) {}

  /** The version to keep with a query that starts now. */
  get version(): number {
    return this.counter;
  }

  /** @param now milliseconds since the epoch. */
  record({ kind, tenantId, id }: RevocationEvent, now: number): void {
    this.counter += 1;
    this.changed.set(id, this.counter);
    if (this.changed.size > this.capacity) this.invalidateAll();
    if (kind === 'session') this.recordRevoked(id, tenantId, now);
  }

  /** A revoked session stays revoked, so its tokens are refused without a query. */
  isRevoked(sessionId: string, tenantId: string): boolean {
    return this.revoked.get(sessionId)?.tenantId === tenantId;
  }

  invalidateAll(): void {
    this.counter += 1;
    this.invalidBefore = this.counter;
    this.changed.clear();
  }

  /** True if no event after `version` is about the tenant, the user or the session. */
  unchangedSince(version: number, tenantId: string, userId: string, sessionId: string): boolean {
    const { changed } = this;
    return (
      version >= this.invalidBefore &&
      version >= (changed.get(sessionId) ?? 0) &&
      version >= (changed.get(userId) ?? 0) &&
      version >= (changed.get(tenantId) ?? 0)
    );
  }

  private recordRevoked(id: string, tenantId: string, now: number): void {
    this.revoked.delete(id);
    this.revoked.set(id, { tenantId, until: now + REVOKED_MS });
    for (const [oldest, { until }] of this.revoked) {
      if (until > now && this.revoked.size <= this.capacity) return;
      this.revoked.delete(oldest);
    }
  }
}
