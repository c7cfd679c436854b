import { isUuid } from '@poc-tracker/contracts';
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
 * does not matter, and a repetition changes nothing.
 */
export class MirrorWriter {
  private cursor: string | undefined;
  /** Sessions that ended before have been written as ended. */
  private endedUntil: Date | undefined;

  constructor(
    private readonly sessions: SessionMirrorRepository,
    private readonly store: MirrorStore,
  ) {}

  /** Continues from where the last writer has stopped. */
  async start(): Promise<void> {
    this.cursor = await this.store.position();
    this.endedUntil = undefined;
  }

  /**
   * Writes what has changed, or everything if Redis has lost the position.
   * @returns what it read: whether the source is still the same is up to the caller.
   */
  async update(save: boolean): Promise<SessionChanges> {
    const changes = await this.sessions.changesSince(this.cursor);
    if (this.cursor === undefined || !changes.complete) {
      await this.rebuild(changes.nextCursor);
      return changes;
    }
    await this.writeEvents(changes.events);
    if (save) await this.writeEnded();
    if (save || changes.events.length > 0) await this.advance(changes.nextCursor);
    return changes;
  }

  /** @param nextCursor from before the first row is read: what changes in the meantime is written again. */
  private async rebuild(nextCursor: string): Promise<void> {
    await this.store.forget();
    this.cursor = undefined;
    for (const tenantId of await this.sessions.tenantIds()) await this.removeUnknown(tenantId);
    for await (const rows of this.sessions.all()) await this.write(rows);
    await this.advance(nextCursor);
  }

  private async removeUnknown(tenantId: string): Promise<void> {
    if (!(await this.store.claim())) throw new NotTheWriter();
    for (const ids of slices(await this.store.sessionsOf(tenantId))) {
      // Redis may contain anything: what is no id is unknown as well.
      const rows = await this.sessions.sessions(ids.filter(isUuid).map((id) => ({ tenantId, id })));
      const known = new Set(rows.map(({ sessionId }) => sessionId));
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
    const { until, rows } = await this.sessions.endedSince(this.endedUntil);
    for (const ended of slices(rows)) await this.write(ended);
    this.endedUntil = until;
  }

  private async write(rows: readonly SessionRow[]): Promise<void> {
    if (rows.length > 0) await this.store.write(rows.map(toMirroredSession));
  }

  private async advance(nextCursor: string): Promise<void> {
    const kept = await this.store.advance(this.cursor, nextCursor);
    this.cursor = kept ? nextCursor : undefined;
  }
}

function slices<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  );
}
