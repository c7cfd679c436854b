import { ApiError } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { currentRequest, type TenantContext, TenantDatabase } from '@poc-tracker/tenancy';

/**
 * Whoever acts for the tenant itself. The policies of the tenant's own tables know roles alone, and
 * a permission such as `manage_settings` may have been given to somebody of any role: once the
 * route's guard has asked for it, the transaction goes on with the role that the tables ask for.
 */
@Injectable()
export class TenantOfficer {
  constructor(private readonly database: TenantDatabase) {}

  /** Lets the rest of the request's transaction act for its tenant, and gives the tenant's id. */
  async act(): Promise<string> {
    const { tenantId, userId, role } = this.context();
    await this.database.query('SELECT set_user_context($1, $2, $3)', [tenantId, userId, role]);
    return tenantId;
  }

  /** The same for a transaction of its own. @throws ApiError AUTH_REQUIRED where nobody is signed in. */
  context(): TenantContext {
    const { tenant, user } = currentRequest();
    if (tenant === undefined || user === undefined) throw new ApiError('AUTH_REQUIRED');
    return { tenantId: tenant.id, userId: user.id, role: 'admin' };
  }
}
