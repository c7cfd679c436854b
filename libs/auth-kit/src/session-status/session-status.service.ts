import { ApiError } from '@poc-tracker/contracts';
import { Timestamp } from '../revocation/timestamp.js';
import type {
  FeedTransport,
  FeedListener,
  RevocationEvent,
} from '../revocation/revocation-feed.js';
import { RevocationLog } from '../revocation/revocation-log.js';
import {
  type CurrentRights,
  judge,
  type SessionClaims,
  type SessionStatusSource,
  type Verdict,
} from './session-status.js';

/** How old the memory may be, in milliseconds: the bound between a revocation and its refusal everywhere. */
export const MAX_AGE_MS = 100;

/** From this age on a request asks the carrier for news, lest the memory be too old for the next one. */
const NUDGE_AGE_MS = 40;

/** Sessions remembered at a time: some 60 MiB. Who is pushed out costs one question more. */
const MAX_REMEMBERED = 50_000;

/**
 * How long a request waits for the news that others have asked for already, before it asks about its own session:
 * under load one poll then serves all requests that came meanwhile.
 */
const PATIENCE_MS = 50;

/** An answer that an event has overtaken is asked for again, this often at most. */
const MAX_QUESTIONS = 3;

export interface SessionStatusOptions {
  source: SessionStatusSource;
  /** Without one nothing is believed from memory: every request asks. */
  transport?: FeedTransport;
  /** Milliseconds since the epoch; judges the end of a session. Default Date.now. */
  now?: () => number;
  capacity?: number;
}

interface Remembered {
  readonly tenantId: string;
  readonly userId: string;
  /** When the question began, in ticks of the marks. */
  readonly tick: number;
  readonly verdict: Verdict;
}

/** A request that waits for news that was asked for at `since` or later. */
interface Waiter {
  readonly since: Timestamp | undefined;
  readonly resume: () => void;
}

/**
 * What verified tokens are worth now. Answers come from memory while a feed of revocations keeps it right and it is
 * known to be complete as of at most {@link MAX_AGE_MS} ago; else the source is asked; where it cannot be asked the
 * token is refused.
 */
export class SessionStatusService implements FeedListener {
  private readonly memory = new Map<string, Remembered>();
  private readonly marks = new RevocationLog();
  private readonly source: SessionStatusSource;
  private readonly transport: FeedTransport | undefined;
  private readonly now: () => number;
  private readonly capacity: number;
  /** As of when the memory is complete. */
  private completeAsOf: Timestamp | undefined;
  /** News that was asked for before it does not count. */
  private notBefore: Timestamp | undefined;
  private readonly waiting = new Set<Waiter>();
  private readonly followers = new Set<FeedListener>();

  constructor({ source, transport, now, capacity }: SessionStatusOptions) {
    this.source = source;
    this.transport = transport;
    this.now = now ?? Date.now;
    this.capacity = capacity ?? MAX_REMEMBERED;
  }

  /** Called by Nest. */
  onModuleInit(): void {
    this.transport?.start(this);
  }

  /** Called by Nest, after the requests in flight have been answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.transport?.stop();
  }

  /** Milliseconds since the memory was last known to be complete; Infinity when it never was. For health and tests. */
  get age(): number {
    return this.completeAsOf?.age ?? Infinity;
  }

  /**
   * The rights behind a verified token. Given at once, without a promise, when they are in memory.
   * @throws ApiError TOKEN_REVOKED, SESSION_EXPIRED, INVALID_TENANT, SERVICE_UNAVAILABLE; at once or by rejection.
   */
  currentRights(claims: SessionClaims): CurrentRights | Promise<CurrentRights> {
    if (this.marks.hasEnded(claims.session_id, claims.tenant_id))
      throw new ApiError('TOKEN_REVOKED');
    const remembered = this.recall(claims);
    if (remembered === undefined) return this.ask(claims);
    if (this.age > NUDGE_AGE_MS) this.transport?.poll();
    return this.isComplete(this.notBefore)
      ? this.enforce(remembered)
      : this.waitThenAnswer(claims, this.notBefore);
  }

  /**
   * The rights as they are now, always asked for and never remembered: for a step that is rare and must not be wrong.
   * @throws ApiError as `currentRights` does, by rejection.
   */
  async rightsNow(claims: SessionClaims): Promise<CurrentRights> {
    return this.enforce(judge(await this.askSource(claims)));
  }

  /**
   * For requests that come from now on, nothing in memory counts until the carrier has asked once more. To be called after
   * a change that this process committed, before it is answered: whoever made the change sees it at their next request here.
   */
  distrust(): void {
    if (this.transport === undefined) return;
    this.notBefore = Timestamp.now();
    this.transport.poll();
  }

  /**
   * Tells somebody else what this memory is told from now on, to hand it on.
   * @returns what ends it.
   */
  follow(follower: FeedListener): () => void {
    this.followers.add(follower);
    return () => void this.followers.delete(follower);
  }

  tell(events: readonly RevocationEvent[], asOf: Timestamp | undefined): void {
    for (const follower of this.followers) follower.tell(events, asOf);
    const now = this.now();
    for (const event of events) {
      this.marks.apply(event, now);
      if (event.kind === 'session') this.memory.delete(event.id);
    }
    if (asOf === undefined) return;
    if (this.completeAsOf === undefined || this.completeAsOf.isBefore(asOf))
      this.completeAsOf = asOf;
    for (const { since, resume } of this.waiting) if (this.isComplete(since)) resume();
  }

  gap(): void {
    for (const follower of this.followers) follower.gap();
    this.marks.forgetEverything();
    this.memory.clear();
    this.completeAsOf = undefined;
  }

  /** What is in memory of exactly this session, person and tenant, and still counts. */
  private recall(claims: SessionClaims): Verdict | undefined {
    const { tenant_id: tenantId, sub: userId, session_id: sessionId } = claims;
    const found = this.memory.get(sessionId);
    if (
      found?.userId === userId &&
      found.tenantId === tenantId &&
      this.marks.unchangedSince(found.tick, tenantId, userId, sessionId)
    ) {
      return found.verdict;
    }
    return undefined;
  }

  /** Whether the memory is complete as of a moment that is young enough, and not before `since`. */
  private isComplete(since: Timestamp | undefined): boolean {
    const { completeAsOf } = this;
    return (
      completeAsOf !== undefined &&
      completeAsOf.age <= MAX_AGE_MS &&
      (since === undefined || !completeAsOf.isBefore(since))
    );
  }

  /**
   * @param since the last change of our own before this request. One that comes while the request waits does not concern
   * it; else requests would wait in vain where changes never cease.
   */
  private async waitThenAnswer(
    claims: SessionClaims,
    since: Timestamp | undefined,
  ): Promise<CurrentRights> {
    if (this.transport?.connected === true) await this.news(since);
    const remembered = this.isComplete(since) ? this.recall(claims) : undefined;
    return remembered === undefined ? this.ask(claims) : this.enforce(remembered);
  }

  /** Settles when the memory is complete as of `since`, or when patience is at its end. */
  private news(since: Timestamp | undefined): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        clearTimeout(timer);
        this.waiting.delete(waiter);
        resolve();
      };
      const timer = setTimeout(resume, PATIENCE_MS);
      const waiter: Waiter = { since, resume };
      this.waiting.add(waiter);
    });
  }

  /**
   * Asks the source. The question is younger than the request, so its answer is good for the request however long it
   * took; it is remembered only when no event about it is known to have come since the question.
   */
  private async ask(claims: SessionClaims): Promise<CurrentRights> {
    const { tenant_id: tenantId, sub: userId, session_id: sessionId } = claims;
    let verdict: Verdict | undefined;
    for (let question = 0; question < MAX_QUESTIONS; question += 1) {
      const { tick } = this.marks;
      verdict = judge(await this.askSource(claims));
      if (this.marks.hasEnded(sessionId, tenantId)) throw new ApiError('TOKEN_REVOKED');
      if (this.marks.unchangedSince(tick, tenantId, userId, sessionId)) {
        this.remember(sessionId, { tenantId, userId, tick, verdict });
        break;
      }
    }
    return this.enforce(verdict ?? { refusal: 'TOKEN_REVOKED' });
  }

  private async askSource(claims: SessionClaims): ReturnType<SessionStatusSource['ask']> {
    try {
      return await this.source.ask(claims);
    } catch (cause) {
      throw cause instanceof ApiError ? cause : new ApiError('SERVICE_UNAVAILABLE', { cause });
    }
  }

  private enforce(verdict: Verdict): CurrentRights {
    if ('refusal' in verdict) throw new ApiError(verdict.refusal);
    if (verdict.expiresAt <= this.now()) throw new ApiError('SESSION_EXPIRED');
    return verdict.rights;
  }

  private remember(sessionId: string, remembered: Remembered): void {
    if (this.transport === undefined) return;
    this.memory.delete(sessionId);
    this.memory.set(sessionId, remembered);
    if (this.memory.size <= this.capacity) return;
    for (const oldest of this.memory.keys()) {
      this.memory.delete(oldest);
      return;
    }
  }
}
