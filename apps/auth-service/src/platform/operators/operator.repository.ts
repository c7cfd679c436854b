import { Injectable } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import type { MailedUser } from '../../user/user-mails.js';

export type OperatorStatus = 'active' | 'suspended' | 'invited' | 'invitation expired';

export interface Operator {
  email: string;
  status: OperatorStatus;
  lastLoginAt: Date | null;
  createdAt: Date;
}

export interface NewOperatorInvitation {
  tenantId: string;
  email: string;
  secretHash: Buffer;
  lifeMinutes: number;
}

const CLOSE = `
  UPDATE operator_invitations SET expires_at = now()
   WHERE tenant_id = $1 AND email_key = email_key($2) AND used_at IS NULL AND expires_at > now()
  RETURNING id`;

const INSERT = `
  INSERT INTO operator_invitations (tenant_id, email, secret_hash, expires_at)
  VALUES ($1, $2, $3, now() + $4 * interval '1 minute')
  RETURNING id, expires_at AS "expiresAt"`;

const LIST = `
  SELECT u.email, u.status, u.last_login_at AS "lastLoginAt", u.created_at AS "createdAt"
    FROM users u WHERE u.tenant_id = $1
   UNION ALL
  (SELECT DISTINCT ON (o.email_key) o.email, CASE WHEN o.expires_at > now() THEN 'invited' ELSE 'invitation expired' END,
          NULL, o.created_at
     FROM operator_invitations o
    WHERE o.tenant_id = $1 AND o.used_at IS NULL
      AND NOT EXISTS (SELECT FROM users u WHERE u.tenant_id = $1 AND u.email_key = o.email_key)
    ORDER BY o.email_key, o.created_at DESC)
   ORDER BY email`;

const CLAIM = `
  UPDATE operator_invitations SET used_at = now()
   WHERE tenant_id = $1 AND secret_hash = $2 AND email_key = email_key($3) AND used_at IS NULL AND expires_at > now()
  RETURNING email`;

/* The row of the settings is audited, so it is written only if it says something else. */
const REQUIRE_FACTORS = `
  INSERT INTO tenant_settings AS s (tenant_id, setting_key, setting_value, chosen)
  VALUES ($1, 'security', '{"requireMFA": true, "mfaRoles": []}', '{mfaRoles,requireMFA}')
  ON CONFLICT (tenant_id, setting_key) DO UPDATE
     SET setting_value = s.setting_value || EXCLUDED.setting_value
   WHERE s.setting_value -> 'requireMFA' IS DISTINCT FROM 'true' OR s.setting_value -> 'mfaRoles' IS DISTINCT FROM '[]'`;

/** Not only of active operators: the factors of one who is suspended would still hold when they are reinstated. */
const FIND_FOR_RESET = `
  SELECT u.id, u.tenant_id AS "tenantId", u.email, u.first_name AS "firstName", u.locale, u.timezone
    FROM users u WHERE u.tenant_id = $1 AND u.email_key = email_key($2) FOR NO KEY UPDATE`;

/** Operators and their invitations, in the operators' tenant. */
@Injectable()
export class OperatorRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Requires a second factor of all operators. Only the operators' login may write the settings of their tenant. */
  async requireFactors(transaction: SqlRunner, tenantId: string): Promise<void> {
    await transaction.query(REQUIRE_FACTORS, [tenantId]);
  }

  /** The user of an operator, whose row stays locked until the transaction ends. */
  async findForReset(
    transaction: SqlRunner,
    tenantId: string,
    email: string,
  ): Promise<MailedUser | null> {
    const [found] = await transaction.query<MailedUser>(FIND_FOR_RESET, [tenantId, email]);
    return found ?? null;
  }

  async list(tenantId: string): Promise<Operator[]> {
    return this.database.query<Operator>(LIST, [tenantId]);
  }

  async insertInvitation(
    transaction: SqlRunner,
    { tenantId, email, secretHash, lifeMinutes }: NewOperatorInvitation,
  ): Promise<{ id: string; expiresAt: Date }> {
    const values = [tenantId, email, secretHash, lifeMinutes];
    const [inserted] = await transaction.query<{ id: string; expiresAt: Date }>(INSERT, values);
    if (inserted === undefined) throw new Error('The insert of an invitation returned no row.');
    return inserted;
  }

  /** Expires the open invitations of an address. @returns whether there was one. */
  async closeInvitations(
    transaction: SqlRunner,
    tenantId: string,
    email: string,
  ): Promise<boolean> {
    return (await transaction.query(CLOSE, [tenantId, email])).length > 0;
  }

  /**
   * Uses an invitation. Of any number of parallel attempts with one secret, one succeeds: the others wait for the lock of
   * its row and then find it used.
   * @returns the address that was invited, or null if the secret is wrong, used, expired or was created for another address.
   */
  async claimInvitation(
    transaction: SqlRunner,
    tenantId: string,
    email: string,
    secretHash: Buffer,
  ): Promise<string | null> {
    const [claimed] = await transaction.query<{ email: string }>(CLAIM, [
      tenantId,
      secretHash,
      email,
    ]);
    return claimed?.email ?? null;
  }
}
