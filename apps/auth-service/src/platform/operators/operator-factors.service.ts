import { Injectable } from '@nestjs/common';
import { ApiError, type FactorKind } from '@poc-tracker/contracts';
import { SecurityEvents } from '../../audit/security-events.js';
import { FactorService } from '../../factor/factor.service.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import type { OperatorActor } from '../operator-actor.js';
import { OperatorRepository } from './operator.repository.js';
import { OperatorsTenantService } from './operators-tenant.service.js';

/** The second factors of operators, for the command line: no operator changes anything about another one. */
@Injectable()
export class OperatorFactorsService {
  constructor(
    private readonly operators: OperatorRepository,
    private readonly tenant: OperatorsTenantService,
    private readonly factors: FactorService,
    private readonly sessions: SessionRevocationService,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Removes all factors and recovery codes of an operator who has lost them, revokes their sessions and tells them by mail.
   * @returns the kinds of the removed factors
   * @throws ApiError NOT_FOUND if no operator has the address.
   */
  async reset(email: string, actor: OperatorActor): Promise<FactorKind[]> {
    return this.tenant.transaction(actor, async (transaction, tenantId) => {
      const operator = await this.operators.findForReset(transaction, tenantId, email);
      if (operator === null) throw new ApiError('NOT_FOUND');
      await this.sessions.revokeAll(transaction, operator.id);
      await this.events.recordIn(transaction, {
        type: 'operator.accessed',
        result: 'success',
        actorId: actor.operatorId,
        target: { type: 'user', id: operator.id },
        details: { action: 'reset-factors', ...actor.details },
      });
      // Last, because it adds a mail.
      return this.factors.reset(transaction, operator);
    });
  }
}
