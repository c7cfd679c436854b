import type {
  FactorDue,
  SessionClaims,
  SessionStatus,
  SessionStatusSource,
} from '@poc-tracker/auth-kit';
import type { FactorKind, Permission, Role, UserStatus } from '@poc-tracker/contracts';
import { type TenantDatabase, type TenantRow, toTenantSnapshot } from '@poc-tracker/tenancy';

/** A row of session_status(). */
interface SessionStatusRow extends TenantRow {
  session_active: boolean;
  session_expires_at: Date;
  session_expires_in_ms: number;
  user_status: UserStatus;
  user_role: Role;
  permissions: Permission[];
  factors: FactorKind[];
  factor_due: FactorDue;
}

/** Queries PostgreSQL: one lookup by primary keys, outside of any tenant's transaction. */
export class DatabaseSessionStatusSource implements SessionStatusSource {
  constructor(private readonly database: Pick<TenantDatabase, 'lookup'>) {}

  async fetch(claims: SessionClaims): Promise<SessionStatus | undefined> {
    const [row] = await this.database.lookup<SessionStatusRow>(
      'SELECT * FROM session_status($1, $2, $3)',
      [claims.tenant_id, claims.sub, claims.session_id],
      claims.tenant_id,
    );
    return (
      row && {
        sessionActive: row.session_active,
        sessionExpiresAt: row.session_expires_at.getTime(),
        sessionExpiresInMs: Math.floor(row.session_expires_in_ms),
        userStatus: row.user_status,
        role: row.user_role,
        permissions: row.permissions,
        factors: row.factors,
        factorDue: row.factor_due,
        tenant: toTenantSnapshot(row),
      }
    );
  }
}
