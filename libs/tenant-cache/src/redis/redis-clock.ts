/** A number that one Redis process issued, greater than all that it issued before. */
export interface Ticket {
  /** Tickets of two issuers cannot be compared. */
  readonly issuer: string;
  readonly number: number;
}

interface Floor {
  /** Infinity until the ticket has been drawn. */
  readonly number: number;
  /** Which draw will set the number. */
  readonly draw: number;
}

/** Tenants kept. Above it no value that Redis holds is trusted any longer. */
const MAX_TENANTS = 50_000;

/**
 * Decides which values from Redis include every change that this process knows of.
 *
 * A process draws a ticket before it loads a value, and stores it with the value. When a change of a tenant is delivered to
 * a process, the process draws a ticket too, the floor of that tenant, and trusts only values with a higher one. So a trusted
 * value was loaded after the change was committed:
 *
 *     commit < delivery to this process < its floor < the ticket of the value < the load of the value
 *
 * It does not matter when the value was written, by which process, or whether that process has received the change: a value
 * loaded before the commit has a ticket below the floor forever. A process that does not know what has changed (at its start,
 * after a gap in the feed, a lost connection or a failed draw) draws a floor for all tenants.
 *
 * Trusted values are thus exactly as fresh as values in the memory of this process, and the proof that the feed is complete
 * bounds the age of both.
 */
export class RedisClock {
  private issuer: string | undefined;
  /** Of all tenants. */
  private floor = 0;
  private readonly floors = new Map<string, Floor>();
  private latest = 0;
  private draws = 0;
  private resets = 0;

  constructor(private readonly capacity = MAX_TENANTS) {}

  /** Increases with each reset. A ticket that was requested before a reset sets no floor after it. */
  get era(): number {
    return this.resets;
  }

  /** No value is trusted until a ticket that is requested from now on has been received. */
  reset(): void {
    this.resets += 1;
    this.issuer = undefined;
    this.floors.clear();
  }

  /** A ticket has been received that was requested in the given era. Without a floor it becomes the floor of all tenants. */
  receive({ issuer, number }: Ticket, era: number): void {
    if (era !== this.resets) return;
    // Another issuer, or numbers that went back, as after a fail-over: earlier floors say nothing about its tickets.
    if (this.issuer !== undefined && (issuer !== this.issuer || number <= this.latest))
      this.reset();
    if (this.issuer === undefined) this.floor = number;
    this.issuer = issuer;
    this.latest = number;
  }

  /**
   * The tenants have changed: none of their values is trusted until {@link settle}.
   * @returns the number of the draw.
   */
  open(tenantIds: readonly string[]): number {
    this.draws += 1;
    for (const id of tenantIds) this.floors.set(id, { number: Infinity, draw: this.draws });
    if (this.floors.size > this.capacity) this.reset();
    return this.draws;
  }

  /** Sets the floor of the tenants, except where a later change awaits a later ticket. */
  settle(tenantIds: readonly string[], draw: number, { number }: Ticket): void {
    for (const id of tenantIds)
      if (this.floors.get(id)?.draw === draw) this.floors.set(id, { number, draw });
  }

  /** True if the value with this ticket includes every change of the tenant that has been delivered to this process. */
  trusts({ issuer, number }: Ticket, tenantId: string): boolean {
    return (
      issuer === this.issuer &&
      number > this.floor &&
      number > (this.floors.get(tenantId)?.number ?? 0)
    );
  }
}
