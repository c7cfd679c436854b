import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import {
  type ListedMail,
  MailOperationsRepository,
  type MailSelection,
} from './mail-operations.repository.js';

/** What operators do with the mails of tenants, from the command line. */
@Injectable()
export class MailOperationsService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly mails: MailOperationsRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** The latest 100. */
  async list(selection: MailSelection): Promise<ListedMail[]> {
    return this.mails.list(selection);
  }

  /** Makes dead mails pending again, and records in the audit log of each tenant how many. @returns how many. */
  async retry(
    selection: { tenantId: string | null; id: string | null },
    details: Record<string, unknown>,
  ): Promise<number> {
    const context = { tenantId: selection.tenantId, operatorId: null };
    return this.database.transaction(context, async (transaction) => {
      const retried = await this.mails.retry(transaction, selection);
      for (const tenantId of new Set(retried))
        await this.events.recordIn(transaction, {
          type: 'mail.retried',
          result: 'success',
          tenantId,
          target: { type: 'tenant', id: tenantId },
          details: { ...details, mails: retried.filter((one) => one === tenantId).length },
        });
      return retried.length;
    });
  }

  /** Sets how many mails an hour the tenant can send, and records it in its audit log. */
  async setLimit(
    tenantId: string,
    mailsPerHour: number,
    details: Record<string, unknown>,
  ): Promise<void> {
    await this.database.transaction({ tenantId, operatorId: null }, async (transaction) => {
      await this.mails.setLimit(transaction, tenantId, mailsPerHour);
      await this.events.recordIn(transaction, {
        type: 'mail.limit_changed',
        result: 'success',
        tenantId,
        target: { type: 'tenant', id: tenantId },
        details: { ...details, mailsPerHour },
      });
    });
  }
}
