import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { runOutsideRequest, type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { definitionOf } from '../templates/mail-kinds.js';
import { DroppedMails } from './dropped-mails.js';
import { MailContents } from './mail-content.js';
import { MailOutboxRepository } from './mail-outbox.repository.js';
import { MailWake } from './mail-wake.js';
import type { MailOutcome, OutgoingMail } from './outgoing-mail.js';

/** The mails that are to be sent. A worker of any process sends them when the transaction that added them has committed. */
@Injectable()
export class MailOutbox implements OnApplicationShutdown {
  private readonly logger = new Logger(MailOutbox.name);
  private readonly dropped = new DroppedMails((count) =>
    this.logger.warn(`${count} mails were beyond a limit and are not sent.`),
  );

  constructor(
    private readonly mails: MailOutboxRepository,
    private readonly contents: MailContents,
    private readonly wake: MailWake,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Adds a mail in the transaction of the change that it tells of: it is sent if and only if that commits. Add it last,
   * because a mail that is not a security notice locks the tenant's counts until the end of the transaction.
   *
   * A mail beyond a limit, to a suppressed address, or of a kind that the tenant has turned off is not sent, and the caller
   * is not told: an answer that depended on it would reveal something about the address.
   * @param transaction of the mail's tenant: a request's, an operator's, or that of scheduled work
   * @throws Error if the user does not exist in the tenant, and any error of the transaction.
   */
  async add(transaction: SqlRunner, mail: OutgoingMail): Promise<void> {
    await this.addAndTell(transaction, mail);
  }

  /**
   * The same for a mail to the caller, who learns nothing by it.
   * @returns the id of the mail, or undefined if it is beyond a limit or of a kind that is turned off.
   */
  async addAndTell(transaction: SqlRunner, mail: OutgoingMail): Promise<string | undefined> {
    const { tenantId, userId, to, kind, values } = mail;
    const id = uuidv7();
    const outcome = await this.mails.add(transaction, {
      id,
      userId,
      kind,
      category: definitionOf(kind).category,
      email: to.email,
      content: this.contents.encrypt({ tenantId, kind, id }, { to, values }),
      uselessAfter: 'expiresAt' in values ? values.expiresAt : null,
    });
    if (outcome === 'address_limit' || outcome === 'tenant_limit') this.dropped.add();
    if (outcome === 'queued') this.wake.notify();
    else if (outcome !== 'disabled') this.report(mail, outcome);
    return outcome === 'queued' || outcome === 'suppressed' ? id : undefined;
  }

  onApplicationShutdown(): void {
    this.dropped.flush();
  }

  /** In a transaction of its own, at most once a minute for each tenant and reason, and without waiting for it. */
  private report({ tenantId, kind }: OutgoingMail, reason: MailOutcome): void {
    const event = {
      type: 'mail.not_sent',
      result: 'failure',
      target: { type: 'tenant', id: tenantId },
      details: { reason, kind },
    } as const;
    const recorded = runOutsideRequest(() =>
      this.events.recordRepeated({ tenantId, event, origin: {}, source: reason, rows: 1 }),
    );
    recorded.catch((error: unknown) => {
      this.logger.warn(`A mail that is not sent was not recorded: ${String(error)}`);
    });
  }
}
