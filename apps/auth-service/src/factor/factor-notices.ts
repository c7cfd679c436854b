import { Injectable } from '@nestjs/common';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import { MailOutbox } from '../mail/outbox/mail-outbox.js';
import { type UserRecord, UserService } from '../user/user.service.js';

/** The user whom a mail tells of a change of their factors. */
export type NoticedUser = Pick<
  UserRecord,
  'id' | 'tenantId' | 'email' | 'firstName' | 'locale' | 'timezone'
>;

/** Mails about changes of factors, in the transaction of the change: a thief who adds or removes one cannot do it unnoticed. */
@Injectable()
export class FactorNotices {
  constructor(
    private readonly outbox: MailOutbox,
    private readonly users: UserService,
    private readonly database: TenantDatabase,
  ) {}

  /** @param factor its name */
  async added(userId: string, factor: string): Promise<void> {
    const values = { factor, at: new Date() };
    const recipient = recipientOf(await this.users.get(userId));
    await this.outbox.add(this.database, { ...recipient, kind: 'factor_added', values });
  }

  /** @param factor its name */
  async removed(userId: string, factor: string): Promise<void> {
    const values = { factor, at: new Date() };
    const recipient = recipientOf(await this.users.get(userId));
    await this.outbox.add(this.database, { ...recipient, kind: 'factor_removed', values });
  }

  /** @param transaction of the request or an operator's */
  async reset(transaction: SqlRunner, user: NoticedUser): Promise<void> {
    const values = { at: new Date() };
    await this.outbox.add(transaction, { ...recipientOf(user), kind: 'factors_reset', values });
  }
}

function recipientOf({ id, tenantId, email, firstName, locale, timezone }: NoticedUser) {
  return { tenantId, userId: id, to: { email, locale, timezone, name: firstName } };
}
