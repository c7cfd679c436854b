import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { hashOfSecret, newSecret } from '../../protection/secret.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import { UserService } from '../../user/user.service.js';
import type { OperatorActor } from '../operator-actor.js';
import { type Operator, OperatorRepository } from './operator.repository.js';
import { OperatorsTenantService } from './operators-tenant.service.js';

/** Lifetime of a one-time secret in minutes: enough to hand it over, and too short to be found later. */
const SECRET_LIFE_MINUTES = 60;

export interface OperatorInvitation {
  email: string;
  /** Returned once; only its hash is stored. */
  secret: string;
  expiresAt: Date;
}

/** The operators of the platform. Only the command line invites and revokes them. */
@Injectable()
export class OperatorService {
  constructor(
    private readonly operators: OperatorRepository,
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
    await this.tenant.ensure(actor);
    return this.tenant.transaction(actor, async (transaction, tenantId) => {
      await this.operators.closeInvitations(transaction, tenantId, email);
      const invitation = await this.operators.insertInvitation(transaction, {
        tenantId,
        email,
        secretHash: hashOfSecret(secret),
        lifeMinutes: SECRET_LIFE_MINUTES,
      });
      const event = {
        type: 'operator.invited',
        result: 'success',
        target: { type: 'operator_invitation', id: invitation.id },
        details: { email, ...actor.details },
      } as const;
      await this.events.recordIn(transaction, event);
      return { email, secret, expiresAt: invitation.expiresAt };
    });
  }

  async list(): Promise<Operator[]> {
    const tenantId = await this.tenant.find();
    return tenantId === null ? [] : this.operators.list(tenantId);
  }

  /**
   * Suspends an operator, revokes all of their sessions and expires their unused secrets.
   * @throws ApiError NOT_FOUND if the address has none of these; LAST_ADMIN for the last operator.
   */
  async revoke(email: string, actor: OperatorActor): Promise<void> {
    await this.tenant.transaction(actor, async (transaction, tenantId) => {
      const closed = await this.operators.closeInvitations(transaction, tenantId, email);
      const userId = await this.suspendActive(transaction, email);
      if (userId === null && !closed) throw new ApiError('NOT_FOUND');
      if (userId !== null) await this.sessions.revokeAll(transaction, userId);
      const event = {
        type: 'operator.revoked',
        result: 'success',
        ...(userId !== null && { target: { type: 'user', id: userId } }),
        details: { email, ...actor.details },
      } as const;
      await this.events.recordIn(transaction, event);
    });
  }

  /**
   * Makes the holder of a one-time secret an operator with this password. Of any number of parallel attempts with one
   * secret, one succeeds.
   * @param passwordHash of a password that satisfies the policy
   * @returns the operator's user id and the address of their account, which may differ from that of the invitation
   * @throws ApiError INVALID_INVITE if the secret is wrong, used, expired or was created for another address.
   */
  async activate(
    email: string,
    secret: string,
    passwordHash: string,
  ): Promise<{ id: string; email: string }> {
    return this.tenant.transaction({ operatorId: null }, async (transaction, tenantId) => {
      const secretHash = hashOfSecret(secret);
      const invited = await this.operators.claimInvitation(
        transaction,
        tenantId,
        email,
        secretHash,
      );
      if (invited === null) throw new ApiError('INVALID_INVITE');
      const operator = await this.createOrReinstate(transaction, invited, passwordHash);
      await this.sessions.revokeAll(transaction, operator.id);
      const event = {
        type: 'operator.activated',
        result: 'success',
        actorId: operator.id,
        target: { type: 'user', id: operator.id },
      } as const;
      await this.events.recordIn(transaction, event);
      return operator;
    });
  }

  /** @returns the id of the user, or null if no active operator has this address. */
  private async suspendActive(transaction: SqlRunner, email: string): Promise<string | null> {
    const user = await this.users.findByEmailForUpdate(transaction, email);
    if (user?.status !== 'active') return null;
    await this.users.suspend(transaction, user.id);
    return user.id;
  }

  private async createOrReinstate(
    transaction: SqlRunner,
    email: string,
    passwordHash: string,
  ): Promise<{ id: string; email: string }> {
    const access = { role: 'admin', passwordHash } as const;
    const known = await this.users.findByEmailForUpdate(transaction, email);
    if (known !== null) {
      await this.users.reinstate(transaction, known.id, access);
      return { id: known.id, email: known.email };
    }
    const id = uuidv7();
    const names = { firstName: null, lastName: null };
    await this.users.create(transaction, { id, email, ...access, ...names, emailVerified: true });
    return { id, email };
  }
}
