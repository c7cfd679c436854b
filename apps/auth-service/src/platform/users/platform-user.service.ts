import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { AccountUnlockService } from '../../user/account-unlock.service.js';
import { UserService } from '../../user/user.service.js';
import { OperatorAccess } from '../access/operator-access.js';
import type { OperatorActor } from '../operator-actor.js';
import type { UnlockedTenantUserResponse } from './platform-user.dto.js';

/** What operators do for one user of a tenant. */
@Injectable()
export class PlatformUserService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly users: UserService,
    private readonly unlocks: AccountUnlockService,
    private readonly accesses: OperatorAccess,
  ) {}

  /**
   * Unlocks an account, and records that in the audit log of the tenant, also if the account is not locked.
   * @throws ApiError NOT_FOUND; SERVICE_UNAVAILABLE if that is not certain, because Redis does not answer.
   */
  async unlock(
    tenantId: string,
    email: string,
    operator: OperatorActor,
  ): Promise<UnlockedTenantUserResponse> {
    const { operatorId: actorId, details = {} } = operator;
    const context = { tenantId, operatorId: actorId };
    const response = await this.database.transaction(context, async (transaction) => {
      const user = await this.users.findByEmail(transaction, email);
      if (user === null) throw new ApiError('NOT_FOUND');
      const account = { tenantId, userId: user.id };
      const unlocked = await this.unlocks.record(transaction, account, { actorId, details });
      if (!unlocked) {
        const target = { type: 'user', id: user.id };
        await this.accesses.record(transaction, { tenantId, action: 'unlock', target }, operator);
      }
      return { userId: user.id, unlocked };
    });
    await this.unlocks.complete({ tenantId, userId: response.userId }, email, response.unlocked);
    return response;
  }
}
