import { Injectable } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';

/** Events of the mail provider, on the operators' login. */
@Injectable()
export class MailEventRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Runs `work` in one transaction of the tenant, unless the event was accepted before. */
  async once(
    eventId: string,
    tenantId: string,
    work: (transaction: SqlRunner) => Promise<void>,
  ): Promise<void> {
    await this.database.transaction({ tenantId, operatorId: null }, async (transaction) => {
      const [answer] = await transaction.query<{ accepted: boolean }>(
        'SELECT accept_mail_event($1) AS accepted',
        [eventId],
      );
      if (answer?.accepted === true) await work(transaction);
    });
  }
}
