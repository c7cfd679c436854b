/** A number that one Redis process issued, greater than all that it issued before. */
export interface Ticket {
  /** Tickets of two issuers cannot be compared. */
  readonly issuer: string;
  readonly number: number;
}

/** Which tickets of a tenant are too low. */
interface Minimum {
  /** Values need a higher number. Infinity until the ticket for the change has been issued. */
  readonly number: number;
  /** The change whose ticket sets the number. */
  readonly change: number;
}

/** Tenants kept. Above it no value that Redis holds is trusted any longer. */
const MAX_TENANTS = 50_000;

/**
 * Decides which values from Redis include every change that this process knows of.
 *
 * A process requests a ticket before it loads a value, and stores it with the value. When a change of a tenant is delivered
 * to a process, the process requests a ticket, too, the minimum of that tenant, and trusts only values with a higher one. So a
 * trusted value was loaded after the change was committed:
 *
 *     commit < delivery to this process < its minimum < the ticket of the value < the load of the value
 *
 * It does not matter when the value was written, by which process, or whether that process has received the change: a value
 * loaded before the commit has a ticket below the minimum forever. A process that does not know what has changed (at its start,
 * after a gap in the feed, a lost connection or a failed request for a ticket) requests a minimum for all tenants.
 *
 * Trusted values are thus exactly as fresh as values in the memory of this process, and the proof that the feed is complete
 * bounds the age of both.
 */
export class RedisClock {
  private issuer: string | undefined;
  /** Of all tenants. */
  private minimum = 0;
  private readonly minimums = new Map<string, Minimum>();
  private latest = 0;
  private changes = 0;
  private resets = 0;

  constructor(private readonly capacity = MAX_TENANTS) {}

  /** Increases with each reset. A ticket that was requested before a reset sets no minimum after it. */
  get epoch(): number {
    return this.resets;
  }

  /** No value is trusted until a ticket that is requested from now on has been received. */
  reset(): void {
    this.resets += 1;
    this.issuer = undefined;
    this.minimums.clear();
  }

  /** A ticket has been received that was requested in this epoch. The first one is the minimum of all tenants. */
  receive({ issuer, number }: Ticket, epoch: number): void {
    if (epoch !== this.resets) return;
    // Another issuer, or numbers that went back, as after a fail-over: earlier minimums say nothing about its tickets.
    if (this.issuer !== undefined && (issuer !== this.issuer || number <= this.latest))
      this.reset();
    if (this.issuer === undefined) this.minimum = number;
    this.issuer = issuer;
    this.latest = number;
  }

  /**
   * The tenants have changed: none of their values is trusted until {@link completeChange}.
   * @returns the number of the change.
   */
  beginChange(tenantIds: readonly string[]): number {
    this.changes += 1;
    for (const id of tenantIds) this.minimums.set(id, { number: Infinity, change: this.changes });
    if (this.minimums.size > this.capacity) this.reset();
    return this.changes;
  }

  /** Sets the minimum of the tenants, except where a later change awaits a later ticket. */
  completeChange(tenantIds: readonly string[], change: number, { number }: Ticket): void {
    for (const id of tenantIds)
      if (this.minimums.get(id)?.change === change) this.minimums.set(id, { number, change });
  }

  /** True if the value with this ticket includes every change of the tenant that has been delivered to this process. */
  trusts({ issuer, number }: Ticket, tenantId: string): boolean {
    return (
      issuer === this.issuer &&
      number > this.minimum &&
      number > (this.minimums.get(tenantId)?.number ?? 0)
    );
  }
}
