import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { hashOfSecret, newSecret } from '../../protection/secret.js';
import type { OperatorActor } from './operator-actor.js';
import { findPlatformTenant, inPlatformTenant } from './platform-tenant.js';

/** How long a one-time secret can be used, in minutes: long enough to hand it over, short enough to be lost. */
export const SECRET_LIFE_MINUTES = 60;

export interface OperatorInvitation {
  email: string;
  /** Told here once and kept nowhere. */
  secret: string;
  expiresAt: Date;
}

export type OperatorStatus = 'active' | 'suspended' | 'invited' | 'invitation expired';

export interface Operator {
  email: string;
  status: OperatorStatus;
  lastLoginAt: Date | null;
  createdAt: Date;
}

const CLOSE_INVITATIONS = `
  UPDATE operator_invitations SET expires_at = now()
   WHERE tenant_id = $1 AND email = $2 AND used_at IS NULL AND expires_at > now()
  RETURNING id`;

const INVITE = `
  INSERT INTO operator_invitations (tenant_id, email, secret_hash, expires_at)
  VALUES ($1, $2, $3, now() + $4 * interval '1 minute')
  RETURNING id, expires_at`;

const LIST = `
  SELECT u.email, u.status, u.last_login_at AS "lastLoginAt", u.created_at AS "createdAt"
    FROM users u WHERE u.tenant_id = $1
   UNION ALL
  SELECT DISTINCT ON (o.email) o.email, CASE WHEN o.expires_at > now() THEN 'invited' ELSE 'invitation expired' END,
         NULL, o.created_at
    FROM operator_invitations o
   WHERE o.tenant_id = $1 AND o.used_at IS NULL
     AND NOT EXISTS (SELECT FROM users u WHERE u.tenant_id = $1 AND u.email = o.email)
   ORDER BY email, "createdAt" DESC`;

const SUSPEND = `
  UPDATE users SET status = 'suspended' WHERE tenant_id = $1 AND email = $2 AND status = 'active' RETURNING id`;

const CLAIM = `
  UPDATE operator_invitations SET used_at = now()
   WHERE tenant_id = $1 AND secret_hash = $2 AND email = $3 AND used_at IS NULL AND expires_at > now()
  RETURNING id`;

/* For an operator who exists: a lost password and a revocation end the same way. */
const READMIT = `
  UPDATE users SET password_hash = $3, must_change_password = false, role = 'admin', status = 'active'
   WHERE tenant_id = $1 AND email = $2
  RETURNING id`;

const ADMIT = `
  INSERT INTO users (tenant_id, email, password_hash, role, status, email_verified_at)
  VALUES ($1, $2, $3, 'admin', 'active', now())
  RETURNING id`;

const END_SESSIONS = `
  UPDATE user_sessions SET is_active = false, revoked_at = now()
   WHERE tenant_id = $1 AND user_id = $2 AND is_active`;

/** The people who operate the platform: made by the command line, and by nothing else. */
@Injectable()
export class OperatorService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Makes a one-time secret with which this address becomes an operator, or an operator sets a new password. Earlier
   * secrets of the address end. The platform's tenant is made with the first one.
   * @throws ApiError TENANT_EXISTS when a tenant of old has taken the platform's subdomain.
   */
  async invite(email: string, actor: OperatorActor): Promise<OperatorInvitation> {
    const secret = newSecret();
    const address = email.toLowerCase();
    return inPlatformTenant(this.database, actor, async (transaction, tenantId) => {
      await transaction.query(CLOSE_INVITATIONS, [tenantId, address]);
      const values = [tenantId, address, hashOfSecret(secret), SECRET_LIFE_MINUTES];
      const [made] = await transaction.query<{ id: string; expires_at: Date }>(INVITE, values);
      if (made === undefined) throw new Error('An invitation was written and not answered.');
      await this.events.recordAsOperator(transaction, tenantId, {
        type: 'operator.invited',
        result: 'success',
        target: { type: 'operator_invitation', id: made.id },
        details: { email: address, ...actor.details },
      });
      return { email: address, secret, expiresAt: made.expires_at };
    });
  }

  async list(): Promise<Operator[]> {
    return this.database.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      const tenantId = await findPlatformTenant(transaction);
      return tenantId === null ? [] : transaction.query<Operator>(LIST, [tenantId]);
    });
  }

  /**
   * Takes everything from an operator: log-in, open sessions and unused secrets.
   * @throws ApiError NOT_FOUND for an address without any of it; LAST_ADMIN for the last operator.
   */
  async revoke(email: string, actor: OperatorActor): Promise<void> {
    const address = email.toLowerCase();
    await inPlatformTenant(this.database, actor, async (transaction, tenantId) => {
      const closed = await transaction.query(CLOSE_INVITATIONS, [tenantId, address]);
      const [person] = await transaction.query<{ id: string }>(SUSPEND, [tenantId, address]);
      if (person === undefined && closed.length === 0) throw new ApiError('NOT_FOUND');
      if (person !== undefined) await transaction.query(END_SESSIONS, [tenantId, person.id]);
      await this.events.recordAsOperator(transaction, tenantId, {
        type: 'operator.revoked',
        result: 'success',
        ...(person !== undefined && { target: { type: 'user', id: person.id } }),
        details: { email: address, ...actor.details },
      });
    });
  }

  /**
   * Makes the holder of a one-time secret an operator with this password. Of any number of attempts at once with one
   * secret a single one succeeds: the others wait for its row and then find it used.
   * @param passwordHash of a password that the policy has accepted
   * @returns the operator's id
   * @throws ApiError INVALID_INVITE for a secret that is wrong, used, too old or of another address.
   */
  async activate(email: string, secret: string, passwordHash: string): Promise<string> {
    const address = email.toLowerCase();
    return inPlatformTenant(this.database, { operatorId: null }, async (transaction, tenantId) => {
      const claimed = await transaction.query(CLAIM, [tenantId, hashOfSecret(secret), address]);
      if (claimed.length === 0) throw new ApiError('INVALID_INVITE');
      const values = [tenantId, address, passwordHash];
      const [known] = await transaction.query<{ id: string }>(READMIT, values);
      const [person] =
        known === undefined ? await transaction.query<{ id: string }>(ADMIT, values) : [known];
      if (person === undefined) throw new Error('An operator was written and not answered.');
      await transaction.query(END_SESSIONS, [tenantId, person.id]);
      await this.events.recordAsOperator(transaction, tenantId, {
        type: 'operator.activated',
        result: 'success',
        actorId: person.id,
        target: { type: 'user', id: person.id },
      });
      return person.id;
    });
  }
}
