import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { type SecurityEvent, SecurityEvents } from '../../audit/security-events.js';
import { AdminMails } from '../../user/admins/admin-mails.js';
import type { OperatorActor } from '../operator-actor.js';
import { OperatorAccessRepository } from './operator-access.repository.js';

export interface Access {
  tenantId: string;
  /** What the operator does, such as `read` or `suspend`. The mail has a word for each. */
  action: string;
  /** Shown to the admins, if the operator gave one. */
  reason?: string | undefined;
  /** Default: success. */
  result?: SecurityEvent['result'];
  /** Default: the tenant. */
  target?: SecurityEvent['target'];
  /** What else the entry says. */
  details?: Readonly<Record<string, unknown>>;
}

/** Accesses of operators to tenants: each is in the audit log of the tenant, and its admins are told. */
@Injectable()
export class OperatorAccess {
  constructor(
    private readonly accesses: OperatorAccessRepository,
    private readonly events: SecurityEvents,
    private readonly mails: AdminMails,
  ) {}

  /**
   * Records an access in its transaction, as the last statement: if the entry or a mail cannot be written, the access fails.
   * The admins get one mail a day (UTC) for each operator, with the first access.
   */
  async record(transaction: SqlRunner, access: Access, actor: OperatorActor): Promise<void> {
    const { tenantId, action, reason, result = 'success', details } = access;
    const { operatorId } = actor;
    const isFirst = await this.accesses.isFirstToday(transaction, tenantId, operatorId);
    await this.events.recordIn(transaction, {
      type: 'operator.accessed',
      result,
      actorId: operatorId,
      target: access.target ?? { type: 'tenant', id: tenantId },
      details: { action, ...(reason !== undefined && { reason }), ...details, ...actor.details },
    });
    if (!isFirst) return;
    const values = { action, reason: reason ?? 'no_reason', at: new Date() };
    await this.mails.add(transaction, tenantId, { kind: 'operator_access', values });
  }

  /**
   * Records that tenants were listed, in one statement. Their admins are not told: a list shows no data of users, and a mail
   * for each would make the important ones go unnoticed.
   */
  async recordListing(
    transaction: SqlRunner,
    tenantIds: readonly string[],
    { operatorId, details }: OperatorActor,
  ): Promise<void> {
    await this.events.recordForEach(transaction, tenantIds, {
      type: 'operator.accessed',
      result: 'success',
      actorId: operatorId,
      details: { action: 'list', ...details },
    });
  }
}
