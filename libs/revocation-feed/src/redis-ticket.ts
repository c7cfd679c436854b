import { Timestamp } from '@poc-tracker/auth-kit';

/**
 * A number issued by one Redis process, greater than all numbers it issued before. After a restart, a flush or a failover
 * the issuer is another one, and tickets of two issuers cannot be compared.
 */
export interface Ticket {
  issuer: string;
  number: number;
}

interface OwnTicket extends Ticket {
  requestedAt: Timestamp;
  receivedAt: Timestamp;
}

/** One second of tickets. A message older than that is too old to be fresh anyway. */
const CAPACITY = 64;

/**
 * The latest tickets of this process, a logical clock that orders times of two processes. If process A received a ticket
 * before time `a`, and process B requested a lower ticket at time `b`, then `b` was before `a`.
 */
export class TicketHistory {
  private tickets: OwnTicket[] = [];

  add(ticket: Ticket, requestedAt: Timestamp): void {
    const latest = this.tickets.at(-1);
    // Another issuer, or one whose numbers went back: earlier tickets cannot be compared with this one.
    if (latest !== undefined && latest.issuer !== ticket.issuer) this.tickets = [];
    if (latest?.issuer === ticket.issuer && latest.number >= ticket.number) this.tickets = [];
    this.tickets.push({ ...ticket, requestedAt, receivedAt: Timestamp.now() });
    if (this.tickets.length > CAPACITY) this.tickets.shift();
  }

  clear(): void {
    this.tickets = [];
  }

  /** The latest ticket that this process received before a time. */
  receivedBefore(time: Timestamp): Ticket | undefined {
    return this.tickets.findLast(({ receivedAt }) => receivedAt.isBefore(time));
  }

  /** A time of this process that is certainly before another process received the ticket. */
  timeBefore({ issuer, number }: Ticket): Timestamp | undefined {
    return this.tickets.findLast((own) => own.issuer === issuer && own.number <= number)
      ?.requestedAt;
  }
}
