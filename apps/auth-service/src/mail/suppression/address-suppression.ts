import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { insertSuppression, type SuppressionReason } from './suppression.repository.js';

/** Stops the mails of a tenant to an address that does not want them, or does not exist. */
@Injectable()
export class AddressSuppression {
  constructor(private readonly events: SecurityEvents) {}

  /**
   * Suppresses the address of a mail and records it, unless it was suppressed before.
   * @param transaction of the mail's tenant, on the operators' login
   */
  async add(
    transaction: SqlRunner,
    mail: { tenantId: string; id: string },
    reason: SuppressionReason,
  ): Promise<void> {
    const id = await insertSuppression(transaction, mail, reason);
    if (id === undefined) return;
    await this.events.recordIn(transaction, {
      type: 'mail.address_suppressed',
      result: 'success',
      tenantId: mail.tenantId,
      target: { type: 'suppression', id },
      details: { reason },
    });
  }
}
