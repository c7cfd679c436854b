import {
  type AccessTokenClaims,
  ApiError,
  effectivePermissions,
  type Permission,
  type Role,
  type UserStatus,
} from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { type CurrentRights, RevocationFeed } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { type TenantRow, toTenantSnapshot } from '../tenant/tenant-snapshot.js';
import { Clock } from './clock.js';
import { RevokedSessionMemory } from './revoked-session.memory.js';

/** A row of session_standing(): what the tables say of a session, its user and its tenant at this moment. */
export interface SessionStanding extends TenantRow {
  session_active: boolean;
  session_expires_at: Date;
  user_status: UserStatus;
  user_role: Role;
  permissions: Permission[];
}

/** Asked on every request, before there is a transaction. */
export const SESSION_STANDING = 'SELECT * FROM session_standing($1, $2, $3)';

/**
 * What a verified token is worth now: refused at once for a session that this process ended, else PostgreSQL is asked,
 * so that a revocation, another role or a suspended tenant counts from the next request on, whichever process wrote it.
 */
@Injectable()
export class SessionRevocationFeed extends RevocationFeed {
  constructor(
    private readonly database: TenantDatabase,
    private readonly revoked: RevokedSessionMemory,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** @throws ApiError TOKEN_REVOKED, SESSION_EXPIRED, INVALID_TENANT. */
  override async currentRights(
    claims: Pick<AccessTokenClaims, 'tenant_id' | 'sub' | 'session_id'>,
  ): Promise<CurrentRights> {
    if (this.revoked.has(claims.session_id)) throw new ApiError('TOKEN_REVOKED');
    const [standing] = await this.database.lookup<SessionStanding>(SESSION_STANDING, [
      claims.tenant_id,
      claims.sub,
      claims.session_id,
    ]);
    if (standing === undefined || !standing.session_active) throw new ApiError('TOKEN_REVOKED');
    if (standing.session_expires_at <= this.clock.now()) throw new ApiError('SESSION_EXPIRED');
    if (standing.user_status !== 'active') throw new ApiError('TOKEN_REVOKED');
    if (standing.status !== 'active') throw new ApiError('INVALID_TENANT');
    return {
      role: standing.user_role,
      permissions: effectivePermissions(standing.user_role, standing.permissions),
      tenant: toTenantSnapshot(standing),
    };
  }
}
