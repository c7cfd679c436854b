import { ApiError } from '@poc-tracker/contracts';
import { FeedFreshness } from '../revocation/feed-freshness.js';
import type {
  FeedSubscriber,
  FeedTransport,
  RevocationEvent,
} from '../revocation/revocation-feed.js';
import { Timestamp } from '../revocation/timestamp.js';
import { PendingChanges } from './pending-changes.js';
import { SessionDecisionCache } from './session-decision.cache.js';
import {
  type CurrentRights,
  evaluateStatus,
  type SessionClaims,
  type SessionDecision,
  type SessionStatusSource,
} from './session-status.js';

/** From this age on a request polls the feed, so that the cache is not too old for the next request. */
const POLL_AGE_MS = 40;

/** How often a query is repeated when an event overtakes it. */
const MAX_QUERIES = 3;

export interface SessionStatusOptions {
  source: SessionStatusSource;
  /** Without a transport nothing is cached: every request queries the source. */
  transport?: FeedTransport;
  /** Maximum number of cached sessions. */
  capacity?: number;
}

/**
 * Knows whether a session is active and what its user may do now. Answers from a cache while the revocation feed is
 * complete as of at most 100 ms ago. Otherwise it queries the source, and refuses the token if the source is unavailable.
 */
export class SessionStatusService implements FeedSubscriber {
  private readonly cache: SessionDecisionCache;
  private readonly freshness = new FeedFreshness();
  private readonly source: SessionStatusSource;
  private readonly transport: FeedTransport | undefined;
  private readonly subscribers = new Set<FeedSubscriber>();
  /** Cached values of a tenant count only if the feed is complete as of its latest one. */
  private readonly pendingChanges = new PendingChanges();

  constructor({ source, transport, capacity }: SessionStatusOptions) {
    this.source = source;
    this.transport = transport;
    this.cache = new SessionDecisionCache(capacity);
  }

  /** Called by Nest. */
  onModuleInit(): void {
    this.transport?.start(this);
  }

  /** Called by Nest, after the requests in flight have been answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.transport?.stop();
  }

  /** Milliseconds since the cache was last known to be complete; Infinity if it never was. For health and tests. */
  get age(): number {
    return this.freshness.age;
  }

  /**
   * The current rights behind a verified token. Returned without a promise when they are cached.
   * @throws ApiError TOKEN_REVOKED, SESSION_EXPIRED, INVALID_TENANT, SERVICE_UNAVAILABLE; synchronously or by rejection.
   */
  currentRights(claims: SessionClaims): CurrentRights | Promise<CurrentRights> {
    if (this.cache.isRevoked(claims)) throw new ApiError('TOKEN_REVOKED');
    const cached = this.cache.get(claims);
    if (cached === undefined) return this.query(claims);
    return this.isFresh(claims.tenant_id) ? enforce(cached) : this.rightsOnceFresh(claims);
  }

  /**
   * The rights as they are now, always queried and never cached: for rare operations that must not use a stale value.
   * @throws ApiError as `currentRights` does, by rejection.
   */
  async fetchRights(claims: SessionClaims): Promise<CurrentRights> {
    return enforce(await this.fetchDecision(claims));
  }

  /**
   * True while values that events invalidate may be used: every event committed up to at most 100 ms ago has been received,
   * and every one that this process caused by a change of the tenant.
   * @param tenantId the tenant of the values; undefined for values that any tenant may change
   */
  isFresh(tenantId?: string): boolean {
    if (this.age > POLL_AGE_MS) this.transport?.poll();
    return this.freshness.isFresh(this.pendingChanges.since(tenantId));
  }

  /**
   * The same as of the call, and waits for a poll that is in flight. Changes that this process makes meanwhile do not concern
   * the caller; waiting for those as well could take forever while changes keep coming.
   */
  waitUntilFresh(tenantId?: string): boolean | Promise<boolean> {
    return this.isFresh(tenantId) || this.becomesFresh(this.pendingChanges.since(tenantId));
  }

  /** Identifies the database that the events come from; undefined if it is unknown. */
  get feedSource(): string | undefined {
    return this.transport?.source;
  }

  /**
   * Invalidates the cached values of a tenant until the feed has been polled once more. Call it after this process committed a
   * change and before it responds, so that the caller's next request to this process sees the change.
   * @param tenantId undefined after a change that may concern any tenant
   */
  invalidate(tenantId?: string): void {
    if (this.transport === undefined) return;
    this.pendingChanges.add(tenantId);
    this.transport.poll();
  }

  /**
   * Forwards everything that this process receives of the feed from now on.
   * @returns a function that unsubscribes.
   */
  subscribe(subscriber: FeedSubscriber): () => void {
    this.subscribers.add(subscriber);
    return () => void this.subscribers.delete(subscriber);
  }

  onEvents(events: readonly RevocationEvent[], completeAsOf: Timestamp | undefined): void {
    for (const subscriber of this.subscribers) subscriber.onEvents(events, completeAsOf);
    this.cache.invalidate(events, Date.now());
    if (completeAsOf !== undefined) this.freshness.advance(completeAsOf);
  }

  onGap(): void {
    for (const subscriber of this.subscribers) subscriber.onGap();
    this.cache.clear();
    this.freshness.reset();
  }

  private async rightsOnceFresh(claims: SessionClaims): Promise<CurrentRights> {
    const cached = (await this.becomesFresh(this.pendingChanges.since(claims.tenant_id)))
      ? this.cache.get(claims)
      : undefined;
    return cached === undefined ? this.query(claims) : enforce(cached);
  }

  private async becomesFresh(since: Timestamp | undefined): Promise<boolean> {
    if (this.transport?.connected === true) await this.freshness.wait(since);
    return this.freshness.isFresh(since);
  }

  /**
   * The query starts after the request arrived, so its result is fresh enough for the request however long it takes. It
   * is cached only if no event about it arrived since the query started.
   */
  private async query(claims: SessionClaims): Promise<CurrentRights> {
    let decision: SessionDecision | undefined;
    for (let attempt = 0; attempt < MAX_QUERIES; attempt += 1) {
      const { version } = this.cache;
      decision = await this.fetchDecision(claims);
      if (this.cache.isRevoked(claims)) throw new ApiError('TOKEN_REVOKED');
      if (this.cache.isCurrent(claims, version)) {
        if (this.transport !== undefined) this.cache.set(claims, version, decision);
        break;
      }
    }
    return enforce(decision ?? { refusal: 'TOKEN_REVOKED' });
  }

  private async fetchDecision(claims: SessionClaims): Promise<SessionDecision> {
    const askedAt = Timestamp.now();
    try {
      return evaluateStatus(await this.source.fetch(claims), askedAt);
    } catch (cause) {
      throw cause instanceof ApiError ? cause : new ApiError('SERVICE_UNAVAILABLE', { cause });
    }
  }
}

function enforce(decision: SessionDecision): CurrentRights {
  if ('refusal' in decision) throw new ApiError(decision.refusal);
  return decision.rights;
}
