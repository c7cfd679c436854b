import { MAX_AGE_MS } from '../revocation/feed-freshness.js';
import { Timestamp } from '../revocation/timestamp.js';

/** Tenants kept. Above it a change of one counts as a change of all, which costs each of them one wait for the feed. */
const MAX_TENANTS = 10_000;

/**
 * The latest changes that this process has committed, by tenant. The changes of a tenant concern its own values only: however
 * often it changes something, the values of the others remain usable.
 */
export class PendingChanges {
  /** In the order of time. */
  private readonly byTenant = new Map<string, Timestamp>();
  private ofEveryTenant: Timestamp | undefined;
  private latest: Timestamp | undefined;

  constructor(private readonly capacity = MAX_TENANTS) {}

  /** @param tenantId undefined for a change that may concern any tenant */
  add(tenantId: string | undefined): void {
    const now = Timestamp.now();
    this.latest = now;
    this.expireBefore(now.minus(MAX_AGE_MS));
    if (tenantId !== undefined) this.byTenant.delete(tenantId);
    if (tenantId === undefined || this.byTenant.size >= this.capacity) {
      this.ofEveryTenant = now;
      this.byTenant.clear();
    } else this.byTenant.set(tenantId, now);
  }

  /**
   * What the feed must be complete as of for a value to include the changes of this process; undefined if any recent time will do.
   * @param tenantId the tenant of the value; undefined for a value that any tenant may change
   */
  since(tenantId: string | undefined): Timestamp | undefined {
    if (tenantId === undefined) return this.latest;
    return this.byTenant.get(tenantId) ?? this.ofEveryTenant;
  }

  /** A feed that is not complete as of this time is too old for any value. */
  private expireBefore(time: Timestamp): void {
    for (const [tenantId, changedAt] of this.byTenant) {
      if (!changedAt.isBefore(time)) return;
      this.byTenant.delete(tenantId);
    }
  }
}
