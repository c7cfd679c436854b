import type { RevocationEvent } from './revocation-feed.js';

/** Marks at a time. Past it everything is forgotten, which costs one question a session. */
const MAX_MARKS = 50_000;

/** For as long as an access token lives: after that the session's tokens are refused by their own `exp`. */
const ENDED_MS = 15 * 60 * 1000;

/**
 * When what changed, in ticks of a counter that every event moves. An answer that was asked for at a tick counts only
 * while nothing that it is about has a later one: so an answer that was under way while the event came is known to be
 * old, without looking for what to delete.
 */
export class RevocationLog {
  /** Id of a session, a person or a tenant → tick. Ids that two tenants share only cost a question more. */
  private readonly changed = new Map<string, number>();
  /** Sessions that have ended, in the order of ending. */
  private readonly ended = new Map<string, { tenantId: string; until: number }>();
  private everything = 0;
  private counter = 0;

  constructor(private readonly capacity = MAX_MARKS) {}

  /** To be kept with a question that begins now. */
  get tick(): number {
    return this.counter;
  }

  /** @param now milliseconds since the epoch. */
  apply({ kind, tenantId, id }: RevocationEvent, now: number): void {
    this.counter += 1;
    this.changed.set(id, this.counter);
    if (this.changed.size > this.capacity) this.forgetEverything();
    if (kind === 'session') this.rememberEnd(id, tenantId, now);
  }

  /** A session that has ended stays so: its tokens are refused without a question. */
  hasEnded(sessionId: string, tenantId: string): boolean {
    return this.ended.get(sessionId)?.tenantId === tenantId;
  }

  forgetEverything(): void {
    this.counter += 1;
    this.everything = this.counter;
    this.changed.clear();
  }

  /** True when nothing has changed, of all these, since the tick. */
  unchangedSince(tick: number, tenantId: string, userId: string, sessionId: string): boolean {
    const { changed } = this;
    return (
      tick >= this.everything &&
      tick >= (changed.get(sessionId) ?? 0) &&
      tick >= (changed.get(userId) ?? 0) &&
      tick >= (changed.get(tenantId) ?? 0)
    );
  }

  private rememberEnd(sessionId: string, tenantId: string, now: number): void {
    this.ended.delete(sessionId);
    this.ended.set(sessionId, { tenantId, until: now + ENDED_MS });
    for (const [oldest, { until }] of this.ended) {
      if (until > now && this.ended.size <= this.capacity) return;
      this.ended.delete(oldest);
    }
  }
}
