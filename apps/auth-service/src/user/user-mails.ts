import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { MailOutbox } from '../mail/outbox/mail-outbox.js';
import type { OutgoingMail } from '../mail/outbox/outgoing-mail.js';
import type { UserRecord } from './user.entity.js';

/** The user that a mail is for: their address, and how they read. */
export type MailedUser = Pick<
  UserRecord,
  'tenantId' | 'id' | 'email' | 'locale' | 'timezone' | 'firstName'
>;

type ContentOf<M> = M extends OutgoingMail ? Pick<M, 'kind' | 'values'> : never;

/** A mail without its recipient. */
export type MailContent = ContentOf<OutgoingMail>;

/** Mails to the users of a tenant. */
@Injectable()
export class UserMails {
  constructor(private readonly outbox: MailOutbox) {}

  /**
   * Adds a mail in the transaction of the change that it tells of, as its last statement: see {@link MailOutbox.add}.
   * @param user with the address that the mail is sent to
   */
  async add(transaction: SqlRunner, user: MailedUser, content: MailContent): Promise<void> {
    const { tenantId, id: userId, email, locale, timezone, firstName: name } = user;
    const to = { email, locale, timezone, name };
    await this.outbox.add(transaction, { tenantId, userId, to, ...content });
  }
}
