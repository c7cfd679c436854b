import { ApiError } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/passwords/password.hasher.js';
import { temporaryPassword } from '../../protection/passwords/temporary-password.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import { AccountUnlockService } from '../../user/account-unlock.service.js';
import { UserService } from '../../user/user.service.js';
import type { OperatorActor } from '../operator-actor.js';
import { AdminPasswordRepository } from './admin-password.repository.js';

interface TemporaryAdminPassword {
  /** The address of the account, which may differ from the given one. */
  email: string;
  temporaryPassword: string;
  expiresAt: Date;
  /** Whether the account was locked, and is not any more. */
  unlocked: boolean;
  /** Whether the account may still be locked, because Redis does not say that it is not. */
  mayBeLocked: boolean;
}

/** Resets the password of a tenant's only admin, whom no other user of the tenant can help. */
@Injectable()
export class AdminPasswordService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly admins: AdminPasswordRepository,
    private readonly users: UserService,
    private readonly sessions: SessionRevocationService,
    private readonly hasher: PasswordHasher,
    private readonly unlocks: AccountUnlockService,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Replaces the password by a generated one, which the admin must change at the next log-in, revokes their sessions and
   * unlocks the account, unless Redis does not answer. The admin is looked up before the password is hashed, which is
   * expensive, and again when it is stored.
   * @returns the password, which is not stored, when it expires, and the address of the account.
   * @throws ApiError NOT_FOUND if the tenant has no active admin with this address; INSUFFICIENT_PERMISSIONS if it has
   *   other active admins, who can reset the password themselves; SERVICE_BUSY.
   */
  async reset(
    tenantId: string,
    email: string,
    actor: OperatorActor,
  ): Promise<TemporaryAdminPassword> {
    const { operatorId, details } = actor;
    const context = { tenantId, operatorId };
    await this.database.transaction(context, (transaction) =>
      this.lockSoleAdmin(transaction, tenantId, email),
    );
    const generated = temporaryPassword();
    const passwordHash = await this.hasher.hash(generated);
    const event = { actorId: operatorId, ...(details !== undefined && { details }) };
    const reset = await this.database.transaction(context, async (transaction) => {
      const { id, email: stored } = await this.lockSoleAdmin(transaction, tenantId, email);
      const expiresAt = await this.users.setTemporaryPassword(transaction, id, passwordHash);
      await this.sessions.revokeAll(transaction, id);
      await this.events.recordIn(transaction, {
        type: 'password.reset',
        result: 'success',
        target: { type: 'user', id },
        ...event,
      });
      const account = { tenantId, userId: id };
      const wasLocked = await this.unlocks.recordIfReachable(transaction, account, event);
      return { account, wasLocked, email: stored, expiresAt };
    });
    const { account, wasLocked, ...stored } = reset;
    const confirmed = await this.unlocks.completeIfReachable(account, stored.email, wasLocked);
    return {
      ...stored,
      temporaryPassword: generated,
      unlocked: wasLocked === true && confirmed,
      mayBeLocked: !confirmed,
    };
  }

  /** @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  private async lockSoleAdmin(
    transaction: SqlRunner,
    tenantId: string,
    email: string,
  ): Promise<{ id: string; email: string }> {
    const admin = await this.admins.lockAdmin(transaction, tenantId, email);
    if (admin === null) throw new ApiError('NOT_FOUND');
    if (!admin.sole)
      throw new ApiError('INSUFFICIENT_PERMISSIONS', { details: { reason: 'other_admins' } });
    return admin;
  }
}
