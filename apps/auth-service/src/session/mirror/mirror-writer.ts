import { isUuid } from '@poc-tracker/contracts';
import { CURSOR_MS } from '../../redis/session-keys.js';
import { toMirroredSession } from './mirrored-session.js';
import { type MirrorStore, NotTheWriter } from './mirror-store.js';
import {
  BATCH,
  type SessionChanges,
  type SessionMirrorRepository,
  type SessionRow,
} from './session-mirror.repository.js';

interface Subject {
  tenantId: string;
  id: string;
}

/**
 * Writes the mirror of one database. Each session is written as PostgreSQL has it when it is read, so the order of the changes
 * does not matter, and a repetition changes nothing. It reads a page at a time and uses one connection at a time.
 */
export class MirrorWriter {
  private cursor: string | undefined;
  /** The position is in the middle of changes, or may be. */
  private inside = false;
  /** Sessions that ended before have been written as ended. */
  private endedUntil: Date | undefined;

  /** @param stopping ends the work after the page that is being written. */
  constructor(
    private readonly sessions: SessionMirrorRepository,
    private readonly store: MirrorStore,
    private readonly stopping: AbortSignal,
  ) {}

  /** Continues from where the last writer has stopped. */
  async start(): Promise<void> {
    this.cursor = await this.store.position();
    this.inside = true;
    this.endedUntil = undefined;
  }

  /**
   * Writes what has changed, however much, or everything if Redis has lost the position.
   * @returns what it read last: whether the source is still the same is up to the caller.
   * @throws the reason of the signal; NotTheWriter; Error if Redis loses the position of what has just been built.
   */
  async update(save: boolean): Promise<SessionChanges> {
    let isRebuilt = false;
    for (let every = save; ; every = true) {
      this.stopping.throwIfAborted();
      const readAt = performance.now();
      const changes = await this.sessions.changesSince(this.cursor);
      if (this.cursor === undefined || !changes.complete) {
        if (isRebuilt) throw new Error('Redis has lost the position of the mirror that was built');
        isRebuilt = true;
        await this.rebuild(changes.nextCursor, readAt);
        continue;
      }
      await this.writeEvents(changes.events);
      if (every) await this.writeEnded();
      // A position inside the changes expires when the one before them does.
      if (changes.more || this.inside) await this.advance(changes.nextCursor);
      else if (every || changes.events.length > 0) await this.advance(changes.nextCursor, readAt);
      this.inside = changes.more;
      if (!changes.more) return changes;
    }
  }

  /** @param nextCursor from before the first row is read: what changes in the meantime is read after it, as any change. */
  private async rebuild(nextCursor: string, readAt: number): Promise<void> {
    await this.store.invalidate();
    this.cursor = undefined;
    for await (const tenantIds of this.sessions.tenantIds()) await this.removeUnknown(tenantIds);
    for await (const rows of this.sessions.all()) await this.write(rows);
    await this.advance(nextCursor, readAt);
    this.inside = false;
  }

  private async removeUnknown(tenantIds: readonly string[]): Promise<void> {
    for (const tenantId of await this.store.listed(tenantIds))
      for await (const ids of this.store.sessionsOf(tenantId)) {
        await this.renew();
        // Redis may contain anything: what is no id is unknown as well.
        const known = await this.sessions.known(tenantId, ids.filter(isUuid));
        const unknown = ids.filter((id) => !known.has(id));
        if (unknown.length > 0) await this.store.remove(tenantId, unknown);
      }
  }

  private async writeEvents(events: SessionChanges['events']): Promise<void> {
    const named = (wanted: string): Subject[] => {
      const subjects = events
        .filter(([kind]) => kind === wanted)
        .map(([, tenantId, id]) => [`${tenantId}/${id}`, { tenantId, id }] as const);
      return [...new Map(subjects).values()];
    };
    for (const ids of slices(named('session'))) await this.write(await this.sessions.sessions(ids));
    for (const ids of slices(named('user')))
      for await (const rows of this.sessions.ofUsers(ids)) await this.write(rows);
    for (const { tenantId } of named('tenant'))
      for await (const rows of this.sessions.ofTenant(tenantId)) await this.write(rows);
  }

  /** The end of a session by time is no event. */
  private async writeEnded(): Promise<void> {
    const { until, earliest } = await this.sessions.endsOfInterest();
    const ended = this.sessions.endedBetween(this.endedUntil ?? earliest, until);
    for await (const rows of ended) await this.write(rows);
    this.endedUntil = until;
  }

  private async write(rows: readonly SessionRow[]): Promise<void> {
    this.stopping.throwIfAborted();
    if (rows.length > 0) await this.store.write(rows.map(toMirroredSession));
  }

  private async renew(): Promise<void> {
    this.stopping.throwIfAborted();
    if (!(await this.store.claim())) throw new NotTheWriter();
  }

  /** @param readAt when the position was read: it expires as long after that as the feed can continue from it. */
  private async advance(nextCursor: string, readAt?: number): Promise<void> {
    const left = readAt === undefined ? undefined : CURSOR_MS - (performance.now() - readAt);
    if (left !== undefined && left <= 0)
      throw new Error('the position has expired while the mirror was built');
    const kept = await this.store.advance(this.cursor, nextCursor, left);
    this.cursor = kept ? nextCursor : undefined;
  }
}

function slices<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  );
}
