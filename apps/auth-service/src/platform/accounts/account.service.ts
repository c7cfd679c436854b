import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { AccountLock } from '../../protection/lockout/account-lock.js';
import { UserService } from '../../user/user.service.js';
import type { OperatorActor } from '../operator-actor.js';
import type { UnlockedTenantUserResponse } from './account.dto.js';

/** What operators do for one user of a tenant. */
@Injectable()
export class AccountService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly users: UserService,
    private readonly lock: AccountLock,
    private readonly events: SecurityEvents,
  ) {}

  /** Unlocks an account, and records that in the audit log of the tenant. @throws ApiError NOT_FOUND. */
  async unlock(
    tenantId: string,
    email: string,
    { operatorId, details }: OperatorActor,
  ): Promise<UnlockedTenantUserResponse> {
    return this.database.transaction({ tenantId, operatorId }, async (transaction) => {
      const user = await this.users.lockByEmail(transaction, email);
      if (user === null) throw new ApiError('NOT_FOUND');
      const locked = (await this.lock.lockedUntil(tenantId, user.id)) !== null;
      await this.events.recordIn(transaction, {
        type: locked ? 'account.unlocked' : 'operator.accessed',
        result: 'success',
        actorId: operatorId,
        target: { type: 'user', id: user.id },
        details: { ...(!locked && { action: 'unlock' }), ...details },
      });
      // Last: without the entry in the audit log it stays locked.
      await this.lock.unlock(tenantId, user.id);
      return { userId: user.id, unlocked: locked };
    });
  }
}
