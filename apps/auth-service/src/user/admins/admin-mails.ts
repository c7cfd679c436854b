import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { type MailContent, UserMails } from '../user-mails.js';
import { AdminRepository } from './admin.repository.js';

/** Mails to the admins of a tenant. */
@Injectable()
export class AdminMails {
  constructor(
    private readonly admins: AdminRepository,
    private readonly mails: UserMails,
  ) {}

  /** Adds a mail to each active admin, at most 20, in the transaction of what it tells of, as its last statements. */
  async add(transaction: SqlRunner, tenantId: string, content: MailContent): Promise<void> {
    for (const admin of await this.admins.listActive(transaction, tenantId))
      await this.mails.add(transaction, admin, content);
  }
}
