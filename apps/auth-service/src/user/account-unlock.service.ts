import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { type SecurityEvent, SecurityEvents } from '../audit/security-events.js';
import { LoginAttempts } from '../rate-limits/login-attempts.js';
import { AccountLock } from '../protection/lockout/account-lock.js';

export interface UnlockRequest {
  tenantId: string;
  userId: string;
}

/**
 * Unlocks accounts for admins and operators. Call `record` in the transaction and `complete` after its commit: a failed commit
 * must not leave an unlocked account without an entry in the audit log.
 */
@Injectable()
export class AccountUnlockService {
  constructor(
    private readonly lock: AccountLock,
    @Inject(LoginAttempts) private readonly attempts: Pick<LoginAttempts, 'reset'>,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Records in the transaction that the account is unlocked, if it is locked.
   * @returns whether it is locked, for `complete`
   * @throws ApiError SERVICE_UNAVAILABLE if Redis does not say whether it is.
   */
  async record(
    transaction: SqlRunner,
    { tenantId, userId }: UnlockRequest,
    event: Pick<SecurityEvent, 'actorId' | 'details'> = {},
  ): Promise<boolean> {
    const isLocked = await this.lock.isLockedAnywhere(tenantId, userId);
    if (isLocked) {
      const target = { type: 'user', id: userId };
      await this.events.recordIn(transaction, {
        type: 'account.unlocked',
        result: 'success',
        target,
        ...event,
      });
    }
    return isLocked;
  }

  /**
   * Unlocks an account that was locked. Resets the count of failures and that of the rate limit in either case, so that the
   * user can mistype again. A lock that was placed since stays: it has no entry that would say who removed it.
   * @throws ApiError SERVICE_UNAVAILABLE if Redis does not confirm it: the account may still be locked. Repeat both calls.
   */
  async complete(
    { tenantId, userId }: UnlockRequest,
    email: string,
    wasLocked: boolean,
  ): Promise<void> {
    if (wasLocked) await this.lock.unlock(tenantId, userId);
    else await this.lock.resetCount(tenantId, userId);
    await this.attempts.reset(tenantId, email);
  }

  /**
   * `record` for a reset of the password, which does not depend on Redis: while Redis is lost, the lock stays, for 15 minutes at
   * most.
   * @returns undefined if Redis does not say whether the account is locked
   */
  async recordIfReachable(
    transaction: SqlRunner,
    account: UnlockRequest,
    event: Pick<SecurityEvent, 'actorId' | 'details'> = {},
  ): Promise<boolean | undefined> {
    return ifReachable(() => this.record(transaction, account, event));
  }

  /**
   * `complete` for a reset of the password.
   * @returns false if the account may still be locked, because Redis did not say that it is not, or does not confirm the unlock.
   */
  async completeIfReachable(
    account: UnlockRequest,
    email: string,
    wasLocked: boolean | undefined,
  ): Promise<boolean> {
    if (wasLocked === undefined) return false;
    const completed = await ifReachable(async () => {
      await this.complete(account, email, wasLocked);
      return true;
    });
    return completed ?? false;
  }
}

async function ifReachable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'SERVICE_UNAVAILABLE') return undefined;
    throw error;
  }
}
