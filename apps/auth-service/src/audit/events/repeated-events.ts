import { isDeepStrictEqual } from 'node:util';
import type { EventOrigin, SecurityEvent } from './security-event.js';

/** How long events of a source are counted before they are written together. */
export const PERIOD_MS = 60_000;

/** Events of one tenant, type and reason that are written at once in a period, however many sources they have. */
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

/** What an entry says of several events: an entry must not name the target or the country of the last one for all of them. */
type Common = Pick<SecurityEvent, 'target' | 'details'>;

/** The events of one source, or of all sources of a tenant, in the current period. */
interface Count {
  endsAt: number;
  written: number;
  /** Events that were not written. */
  suppressed: number;
  last: RepeatedEvent;
  /** What the suppressed events have in common. */
  common: Common;
}

/**
 * Writes the first events of a source at once, and those after them as one entry a minute with their `count`. A client
 * that causes events without limit, such as refusals, could otherwise fill the disk and hide other entries.
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
    const ofTenant = this.countOf(tenantKey(repeated), repeated);
    const key = `${tenantKey(repeated)} ${source}`;
    const ofSource =
      this.counts.has(key) || this.counts.size < CAPACITY ? this.countOf(key, repeated) : ofTenant;
    const full = [ofSource, ofTenant].find(
      (count) => count.written >= (count === ofTenant ? MAX_PER_TENANT : rows),
    );
    if (full !== undefined) {
      suppress(full, repeated, { suppressed: 1, common: event });
      return;
    }
    for (const count of new Set([ofSource, ofTenant])) count.written += 1;
    await this.write(tenantId, event, origin);
  }

  /** Writes the counts whose period has ended, each in one entry. Call it every few seconds. */
  async flushEnded(): Promise<void> {
    const nowMs = this.now();
    await this.flush(([, { endsAt }]) => endsAt <= nowMs);
  }

  /** The same for all counts, before the process ends. */
  async flushAll(): Promise<void> {
    await this.flush(() => true);
    // What had no place in the tenant's entries is now in the counts of tenants.
    await this.flush(([, { suppressed }]) => suppressed > 0);
  }

  /** A count that cannot be written is kept for the next time. */
  private async flush(isDue: (entry: [string, Count]) => boolean): Promise<void> {
    const due = [...this.counts].filter(isDue);
    const [tenants, sources] = [true, false].map((ofTenant) =>
      due.filter(([key, { last }]) => (key === tenantKey(last)) === ofTenant),
    );
    const writes = [...(tenants ?? []), ...(sources ?? [])].flatMap(([key, count]) => {
      if (count.suppressed > 0 && this.hasPlaceFor(key, count)) return [this.writeCount(count)];
      this.counts.delete(key);
      return [];
    });
    const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  /** Entries with counts are entries of the tenant too. Above its maximum, the events are counted for the tenant only. */
  private hasPlaceFor(key: string, count: Count): boolean {
    const { last } = count;
    if (key === tenantKey(last)) return true;
    const ofTenant = this.countOf(tenantKey(last), last);
    if (ofTenant.written >= MAX_PER_TENANT) {
      suppress(ofTenant, last, count);
      return false;
    }
    ofTenant.written += 1;
    return true;
  }

  private async writeCount(count: Count): Promise<void> {
    const { suppressed, last, common } = count;
    // The entry is the first of the next period.
    Object.assign(count, { endsAt: this.now() + PERIOD_MS, written: 1, suppressed: 0 });
    const { target: _target, details: _details, ...event } = last.event;
    const entry = {
      ...event,
      ...(common.target !== undefined && { target: common.target }),
      details: { ...common.details, count: suppressed },
    };
    try {
      await this.write(last.tenantId, entry, last.origin);
    } catch (error) {
      addTo(count, { suppressed, common });
      throw error;
    }
  }

  private countOf(key: string, last: RepeatedEvent): Count {
    let count = this.counts.get(key);
    if (count === undefined) {
      const endsAt = this.now() + PERIOD_MS;
      count = { endsAt, written: 0, suppressed: 0, last, common: {} };
      this.counts.set(key, count);
    }
    return count;
  }
}

/**
 * The key of the count of all sources. Each reason has its own, and so have events that name a target: refusals that cost a
 * client nothing must neither take the places of others nor be counted as them.
 */
function tenantKey({ tenantId, event: { type, details, target } }: RepeatedEvent): string {
  const reason = typeof details?.['reason'] === 'string' ? details['reason'] : '';
  return [tenantId, type, reason, target === undefined ? '' : target.type].join(' ');
}

/** Events that were not written. */
type Suppressed = Pick<Count, 'suppressed' | 'common'>;

function suppress(count: Count, repeated: RepeatedEvent, events: Suppressed): void {
  addTo(count, events);
  count.last = repeated;
}

function addTo(count: Count, { suppressed, common }: Suppressed): void {
  count.common = count.suppressed === 0 ? common : commonOf(count.common, common);
  count.suppressed += suppressed;
}

function commonOf(one: Common, other: Common): Common {
  const details = Object.entries(one.details ?? {}).filter(([name, value]) =>
    isDeepStrictEqual(value, other.details?.[name]),
  );
  return {
    ...(isDeepStrictEqual(one.target, other.target) && one.target && { target: one.target }),
    details: Object.fromEntries(details),
  };
}
