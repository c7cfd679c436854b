import { Injectable } from '@nestjs/common';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import { type MailedUser, UserMails } from '../user/user-mails.js';
import { UserService } from '../user/user.service.js';

/** Mails about changes of factors, in the transaction of the change: a thief who adds or removes one cannot do it unnoticed. */
@Injectable()
export class FactorNotices {
  constructor(
    private readonly mails: UserMails,
    private readonly users: UserService,
    private readonly database: TenantDatabase,
  ) {}

  /** @param factor its name */
  async added(userId: string, factor: string): Promise<void> {
    const values = { factor, at: new Date() };
    await this.mails.add(this.database, await this.users.get(userId), {
      kind: 'factor_added',
      values,
    });
  }

  /** @param factor its name */
  async removed(userId: string, factor: string): Promise<void> {
    const values = { factor, at: new Date() };
    await this.mails.add(this.database, await this.users.get(userId), {
      kind: 'factor_removed',
      values,
    });
  }

  /** @param transaction of the request or an operator's */
  async reset(transaction: SqlRunner, user: MailedUser): Promise<void> {
    await this.mails.add(transaction, user, { kind: 'factors_reset', values: { at: new Date() } });
  }
}
