import { Inject, Injectable } from '@nestjs/common';
import {
  RateLimitPolicy,
  RateLimitStorage,
  RateLimitSubjects,
  RefusedRequests,
} from '@poc-tracker/rate-limit';
import { TenantResolver } from '@poc-tracker/tenancy';
import { emailSearchKey } from '@poc-tracker/text';
import type { AccountSubjects } from './account-subjects.js';

/** The attempts to log in to an account that the rate limits have counted. */
@Injectable()
export class LoginAttempts {
  constructor(
    private readonly tenants: TenantResolver,
    private readonly policy: RateLimitPolicy,
    private readonly storage: RateLimitStorage,
    private readonly refused: RefusedRequests,
    @Inject(RateLimitSubjects) private readonly subjects: Pick<AccountSubjects, 'ofAccount'>,
  ) {}

  /** Resets the count of the account. Other processes repeat a refusal that they remember for up to ten seconds. */
  async reset(tenantId: string, email: string): Promise<void> {
    const tenant = await this.tenants.findById(tenantId);
    const rule = this.policy
      .rulesOf('login', tenant?.rateLimits)
      .find(({ name }) => name === 'login:user');
    if (rule === undefined) return;
    await this.storage.reset(rule, this.subjects.ofAccount(tenantId, emailSearchKey(email)));
    this.refused.clear();
  }
}
