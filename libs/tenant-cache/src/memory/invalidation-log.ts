/** Tenants kept. Above it every cached value becomes invalid, which costs one load per value. */
const MAX_TENANTS = 50_000;

/**
 * The latest change of each tenant, numbered by a version that every change increments. A value whose load began at a
 * version is valid only while no later change is about its tenant. A change that arrives during the load counts as well.
 */
export class InvalidationLog {
  private readonly changed = new Map<string, number>();
  private latestChange = 0;
  private invalidBefore = 0;
  private counter = 0;

  constructor(private readonly capacity = MAX_TENANTS) {}

  /** The version to keep with a load that starts now. */
  get version(): number {
    return this.counter;
  }

  record(tenantIds: readonly string[]): void {
    this.counter += 1;
    this.latestChange = this.counter;
    for (const id of tenantIds) this.changed.set(id, this.counter);
    if (this.changed.size > this.capacity) this.invalidateAll();
  }

  invalidateAll(): void {
    this.counter += 1;
    this.invalidBefore = this.counter;
    this.changed.clear();
  }

  /** @param tenantId undefined for a name of no tenant: any tenant may have taken it since. */
  unchangedSince(version: number, tenantId: string | undefined): boolean {
    const changedAt =
      tenantId === undefined ? this.latestChange : (this.changed.get(tenantId) ?? 0);
    return version >= this.invalidBefore && version >= changedAt;
  }
}
