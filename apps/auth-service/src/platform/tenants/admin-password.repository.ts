import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';

/* The platform's users set their passwords with a new secret. */
const LOCK_ADMIN = `
  SELECT u.id, u.email, NOT EXISTS (
           SELECT FROM users o
            WHERE o.tenant_id = u.tenant_id AND o.id <> u.id AND o.role = 'admin' AND o.status = 'active') AS sole
    FROM users u JOIN tenants t ON t.id = u.tenant_id
   WHERE u.tenant_id = $1 AND u.email_key = email_key($2) AND u.role = 'admin' AND u.status = 'active' AND NOT t.is_platform
     FOR NO KEY UPDATE OF u`;

interface LockedAdmin {
  id: string;
  email: string;
  sole: boolean;
}

/** The admins of a tenant, as the reset of their password needs them. */
@Injectable()
export class AdminPasswordRepository {
  /**
   * Locks the active admin with this address, so that they are still one when the password is set.
   * @returns the address of their account, and whether they are the tenant's only active admin, or null if there is no such admin.
   */
  async lockAdmin(
    transaction: SqlRunner,
    tenantId: string,
    email: string,
  ): Promise<LockedAdmin | null> {
    const [admin] = await transaction.query<LockedAdmin>(LOCK_ADMIN, [tenantId, email]);
    return admin ?? null;
  }
}
