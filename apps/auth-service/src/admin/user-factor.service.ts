import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { FactorPageResponse } from '../factor/factor.response.js';
import { FactorService } from '../factor/factor.service.js';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import type { RevokedSessionsResponse } from '../session/session.response.js';
import { UserService } from '../user/user.service.js';
import { assertMayControl, assertMayManage } from './user-admin.rules.js';

/** The factors of a tenant's users, for those who manage them. */
@Injectable()
export class UserFactorService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly users: UserService,
    private readonly factors: FactorService,
    private readonly revocations: SessionRevocationService,
  ) {}

  /** The kinds, names and dates of a user's factors. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async list(principal: Principal, userId: string): Promise<FactorPageResponse> {
    const target = await this.users.get(userId);
    if (target.id !== principal.userId) assertMayManage(principal, target);
    return this.factors.list(target.id);
  }

  /**
   * Removes all factors and recovery codes of a user who has lost them, revokes the user's sessions and tells the user. The caller
   * must have every permission of the user: without the factors, a password is enough to log in as them.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS.
   */
  async reset(principal: Principal, userId: string): Promise<RevokedSessionsResponse> {
    const target = await this.users.findForChange(userId, (user) =>
      assertMayControl(principal, user),
    );
    await this.factors.reset(this.database, target);
    return this.revocations.revokeAll(this.database, target.id);
  }
}
