import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { PlatformDatabase } from '@poc-tracker/tenancy';

const SUPPRESS = `
  INSERT INTO suppressed_addresses (tenant_id, email, reason)
  SELECT tenant_id, email, $3 FROM outgoing_mails WHERE tenant_id = $1 AND id = $2
  ON CONFLICT (tenant_id, email_key) DO NOTHING RETURNING id`;

/** Events of the mail provider, on the operators' login. */
@Injectable()
export class MailEventRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Runs `work` in one transaction of the tenant, unless the event was taken in before. */
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

  /** @returns the id of the entry; undefined if there is no such mail, or if its address was suppressed before. */
  async suppress(
    transaction: SqlRunner,
    mail: { tenantId: string; id: string },
    reason: 'bounce' | 'complaint',
  ): Promise<string | undefined> {
    const [added] = await transaction.query<{ id: string }>(SUPPRESS, [
      mail.tenantId,
      mail.id,
      reason,
    ]);
    return added?.id;
  }
}
