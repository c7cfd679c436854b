import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { hashOfSecret, newSecret } from '../../protection/secret.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import { UserService } from '../../user/user.service.js';
import type { OperatorActor } from '../operator-actor.js';
import { OperatorsTenantService } from './operators-tenant.service.js';

/** Lifetime of a one-time secret in minutes: enough to hand it over, and too short to be found later. */
const SECRET_LIFE_MINUTES = 60;

export interface OperatorInvitation {
  email: string;
  /** Returned once; only its hash is stored. */
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

const CLAIM = `
  UPDATE operator_invitations SET used_at = now()
   WHERE tenant_id = $1 AND secret_hash = $2 AND email = $3 AND used_at IS NULL AND expires_at > now()
  RETURNING id`;

/** The operators of the platform. Only the command line invites and revokes them. */
@Injectable()
export class OperatorService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly tenant: OperatorsTenantService,
    private readonly users: UserService,
    private readonly sessions: SessionRevocationService,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Creates a one-time secret. With it a user with this address becomes an operator, or an operator sets a new password.
   * Earlier secrets of the address expire.
   * @throws the database's refusal if an ordinary tenant uses the platform's subdomain (TENANT_EXISTS).
   */
  async invite(email: string, actor: OperatorActor): Promise<OperatorInvitation> {
    const secret = newSecret();
    return this.tenant.firstTransaction(actor, async (transaction, tenantId) => {
      await transaction.query(CLOSE_INVITATIONS, [tenantId, email]);
      const values = [tenantId, email, hashOfSecret(secret), SECRET_LIFE_MINUTES];
      const [invitation] = await transaction.query<{ id: string; expires_at: Date }>(
        INVITE,
        values,
      );
      if (invitation === undefined) throw new Error('The insert of an invitation returned no row.');
      const event = {
        type: 'operator.invited',
        result: 'success',
        target: { type: 'operator_invitation', id: invitation.id },
        details: { email, ...actor.details },
      } as const;
      await this.events.record(event, transaction);
      return { email, secret, expiresAt: invitation.expires_at };
    });
  }

  async list(): Promise<Operator[]> {
    const tenantId = await this.tenant.find();
    return tenantId === null ? [] : this.database.query<Operator>(LIST, [tenantId]);
  }

  /**
   * Suspends an operator, revokes all of their sessions and expires their unused secrets.
   * @throws ApiError NOT_FOUND if the address has none of these; LAST_ADMIN for the last operator.
   */
  async revoke(email: string, actor: OperatorActor): Promise<void> {
    await this.tenant.transaction(actor, async (transaction, tenantId) => {
      const closed = await transaction.query(CLOSE_INVITATIONS, [tenantId, email]);
      const userId = await this.suspendActive(email, transaction);
      if (userId === null && closed.length === 0) throw new ApiError('NOT_FOUND');
      if (userId !== null) await this.sessions.revokeAll(userId, transaction);
      const event = {
        type: 'operator.revoked',
        result: 'success',
        ...(userId !== null && { target: { type: 'user', id: userId } }),
        details: { email, ...actor.details },
      } as const;
      await this.events.record(event, transaction);
    });
  }

  /**
   * Makes the holder of a one-time secret an operator with this password. Of any number of parallel attempts with one
   * secret, one succeeds: the others wait for the lock of its row and then find it used.
   * @param passwordHash of a password that satisfies the policy
   * @returns the operator's user id
   * @throws ApiError INVALID_INVITE if the secret is wrong, used, expired or was created for another address.
   */
  async activate(email: string, secret: string, passwordHash: string): Promise<string> {
    return this.tenant.transaction({ operatorId: null }, async (transaction, tenantId) => {
      const claimed = await transaction.query(CLAIM, [tenantId, hashOfSecret(secret), email]);
      if (claimed.length === 0) throw new ApiError('INVALID_INVITE');
      const userId = await this.createOrReinstate(email, passwordHash, transaction);
      await this.sessions.revokeAll(userId, transaction);
      const event = {
        type: 'operator.activated',
        result: 'success',
        actorId: userId,
        target: { type: 'user', id: userId },
      } as const;
      await this.events.record(event, transaction);
      return userId;
    });
  }

  /** @returns the id of the user, or null if no active operator has this address. */
  private async suspendActive(email: string, transaction: SqlRunner): Promise<string | null> {
    const user = await this.users.lockByEmail(email, transaction);
    if (user?.status !== 'active') return null;
    await this.users.suspend(user.id, transaction);
    return user.id;
  }

  /** @returns the id of the user. */
  private async createOrReinstate(
    email: string,
    passwordHash: string,
    transaction: SqlRunner,
  ): Promise<string> {
    const access = { role: 'admin', passwordHash } as const;
    const known = await this.users.lockByEmail(email, transaction);
    if (known !== null) {
      await this.users.reinstate(known.id, access, transaction);
      return known.id;
    }
    const id = uuidv7();
    const names = { firstName: null, lastName: null };
    await this.users.create({ id, email, ...access, ...names, emailVerified: true }, transaction);
    return id;
  }
}
