import type { EventOrigin, SecurityEvent } from './security-event.js';

/** How long events of a source are counted before they are written together. */
export const PERIOD_MS = 60_000;

/** Events of one tenant and type that are written at once in a period, however many sources they have. */
const MAX_PER_TENANT = 100;

/** Sources per process. The events of further ones are counted for their tenant only. */
const CAPACITY = 10_000;

export type WriteEvent = (
  tenantId: string,
  event: SecurityEvent,
  origin: EventOrigin,
) => Promise<void>;

export interface RepeatedEvent {
  readonly tenantId: string;
  readonly event: SecurityEvent;
  readonly origin: EventOrigin;
  /** Whose events are counted together, such as an address. */
  readonly source: string;
  /** Events of the source that are written at once in a period. */
  readonly rows: number;
}

/** The events of one source, or of all sources of a tenant, in the current period. */
interface Count {
  endsAt: number;
  written: number;
  /** Events that were not written. */
  suppressed: number;
  last: RepeatedEvent;
}

/**
 * Writes the first events of a source at once, and those after them as one entry a minute with their `count`. Whoever can
 * cause events without limit, such as refusals, could otherwise fill the disk and hide other entries.
 */
export class RepeatedEvents {
  private readonly counts = new Map<string, Count>();

  constructor(
    private readonly write: WriteEvent,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Resolves when the event is written, or at once if it is only counted. */
  async record(repeated: RepeatedEvent): Promise<void> {
    const { tenantId, event, origin, source, rows } = repeated;
    const ofTenant = this.countOf(`${tenantId} ${event.type}`, repeated);
    const key = `${tenantId} ${event.type} ${source}`;
    const ofSource =
      this.counts.has(key) || this.counts.size < CAPACITY ? this.countOf(key, repeated) : ofTenant;
    const full = [ofSource, ofTenant].find(
      (count) => count.written >= (count === ofTenant ? MAX_PER_TENANT : rows),
    );
    if (full !== undefined) {
      full.suppressed += 1;
      full.last = repeated;
      return;
    }
    for (const count of new Set([ofSource, ofTenant])) count.written += 1;
    await this.write(tenantId, event, origin);
  }

  /** Writes the counts whose period has ended, each in one entry. Call it every few seconds. */
  async flushEnded(): Promise<void> {
    const nowMs = this.now();
    await this.flush([...this.counts].filter(([, { endsAt }]) => endsAt <= nowMs));
  }

  /** The same for all counts, before the process ends. */
  async flushAll(): Promise<void> {
    await this.flush([...this.counts]);
  }

  private async flush(ended: readonly [string, Count][]): Promise<void> {
    const nowMs = this.now();
    const writes = ended.flatMap(([key, count]) => {
      const { suppressed, last } = count;
      if (suppressed === 0) {
        this.counts.delete(key);
        return [];
      }
      // The entry is the first of the next period.
      Object.assign(count, { endsAt: nowMs + PERIOD_MS, written: 1, suppressed: 0 });
      const details = { ...last.event.details, count: suppressed };
      return [this.write(last.tenantId, { ...last.event, details }, last.origin)];
    });
    const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  private countOf(key: string, repeated: RepeatedEvent): Count {
    let count = this.counts.get(key);
    if (count === undefined) {
      count = { endsAt: this.now() + PERIOD_MS, written: 0, suppressed: 0, last: repeated };
      this.counts.set(key, count);
    }
    return count;
  }
}
