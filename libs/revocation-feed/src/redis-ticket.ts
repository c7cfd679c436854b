import { Timestamp } from '@poc-tracker/auth-kit';

/**
 * A number that one Redis process gave out, greater than all that it gave out before. Restarted, flushed or replaced by
 * its replica it is another issuer, and tickets of two issuers say nothing about each other.
 */
export interface Ticket {
  issuer: string;
  number: number;
}

interface Drawn extends Ticket {
  sentAt: Timestamp;
  receivedAt: Timestamp;
}

/** Enough for a second of draws; a line that is older than all of them is too old anyway. */
const KEPT = 64;

/**
 * The tickets that this process has drawn, by which two processes compare moments without a common clock: who received
 * a ticket before an act, and whoever asked for a lower one, know that the act came after the asking.
 */
export class DrawnTickets {
  private drawn: Drawn[] = [];

  add(ticket: Ticket, sentAt: Timestamp): void {
    const latest = this.drawn.at(-1);
    // Of another issuer: what the earlier ones said is over.
    if (latest !== undefined && latest.issuer !== ticket.issuer) this.drawn = [];
    // Answers come in the order of the questions; a number that goes back is no ticket at all.
    if (latest?.issuer === ticket.issuer && latest.number >= ticket.number) this.drawn = [];
    this.drawn.push({ ...ticket, sentAt, receivedAt: Timestamp.now() });
    if (this.drawn.length > KEPT) this.drawn.shift();
  }

  clear(): void {
    this.drawn = [];
  }

  /** The latest ticket that was in hand before a moment. */
  heldBefore(moment: Timestamp): Ticket | undefined {
    return this.drawn.findLast(({ receivedAt }) => receivedAt.isBefore(moment));
  }

  /** A moment of this process that certainly came before somebody else received the ticket. */
  momentBefore({ issuer, number }: Ticket): Timestamp | undefined {
    return this.drawn.findLast((own) => own.issuer === issuer && own.number <= number)?.sentAt;
  }
}
