import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../audit/security-events.js';
import { AccountLock } from '../protection/lockout/account-lock.js';
import { PasswordHasher } from '../protection/password.hasher.js';
import type { Place } from '../protection/queue/fair-queue.js';
import { type Credentials, UserRepository } from './user.repository.js';
import { toUserResponse, type UserResponse } from './user.response.js';

/** Verified credentials. `upgradedHash` is set when the stored hash was made with weaker settings than today's. */
export interface VerifiedCredentials extends Credentials {
  upgradedHash: string | null;
}

/** The cause of INVALID_CREDENTIALS, for the audit log only: the response is the same for every cause. */
export class RefusedCredentials extends Error {
  constructor(
    /** The user whose account the credentials named. */
    readonly userId: string,
    /** Why, where it is not the password itself. */
    readonly reason?: 'temporary_password_expired' | 'account_locked',
  ) {
    super('The credentials of this user were refused.');
  }
}

/** Verifies and changes the passwords of the current tenant's users. */
@Injectable()
export class UserCredentialsService {
  constructor(
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly lock: AccountLock,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * An unknown address, a wrong password, an expired one, an inactive and a locked account get the same answer after the same
   * work: one look-up, one verification (OWASP ASVS 6.3.8). No connection is in use while the password is hashed.
   * More than 5 refusals within 5 minutes lock the account (see AccountLock).
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY.
   */
  async verify(
    tenant: TenantSnapshot,
    email: string,
    password: string,
  ): Promise<VerifiedCredentials> {
    const place = this.hasher.takePlace();
    try {
      return await this.verifyAt(place, tenant, email, password);
    } finally {
      place.leave();
    }
  }

  /**
   * Locks the user's row until the transaction ends, if the password is still the one that was verified.
   * @throws ApiError INVALID_CREDENTIALS if the password or the status has changed since.
   */
  async assertUnchanged(email: string, verified: Credentials): Promise<void> {
    if (!(await this.users.lockUnchanged(email, verified))) throw refusalOf(verified.id);
  }

  /** Stores a stronger hash of the same password, where `verify` made one. */
  async upgradeHash({ id, upgradedHash }: VerifiedCredentials): Promise<void> {
    if (upgradedHash !== null) await this.users.setPasswordHash(id, upgradedHash);
  }

  /** Counts a log-in. @returns the user after that. */
  async recordLogin(id: string): Promise<UserResponse> {
    return toUserResponse(await this.users.recordLogin(id));
  }

  /** Sets a password that the user has chosen. */
  async setChosenPassword(id: string, passwordHash: string): Promise<void> {
    await this.users.setChosenPassword(id, passwordHash);
  }

  private async verifyAt(
    place: Place,
    tenant: TenantSnapshot,
    email: string,
    password: string,
  ): Promise<VerifiedCredentials> {
    const found = await this.database.transaction(contextWithoutRights(tenant.id), () =>
      this.users.findCredentials(email),
    );
    const account = { tenantId: tenant.id, userId: found?.id ?? null };
    // A locked account is verified as well, and an unknown one is asked for, so that all of them take the same time.
    const locked = await this.lock.isLocked(account);
    if (found === null) {
      await this.hasher.verifyDummy(password, place);
      await this.lock.recordFailure(account);
      throw new ApiError('INVALID_CREDENTIALS');
    }
    const { valid, outdated } = await this.hasher.verify(found.passwordHash, password, place);
    const { id, status, expired } = found;
    if (locked || !valid || status !== 'active' || expired) {
      await this.recordFailure(tenant.id, id);
      throw refusalOf(
        id,
        locked ? 'account_locked' : valid && expired ? 'temporary_password_expired' : undefined,
      );
    }
    if (!(await this.lock.recordSuccess(account))) throw refusalOf(id, 'account_locked');
    return { ...found, upgradedHash: outdated ? await this.hasher.hash(password) : null };
  }

  private async recordFailure(tenantId: string, userId: string): Promise<void> {
    if (!(await this.lock.recordFailure({ tenantId, userId }))) return;
    await this.events.recordInOwnTransaction(tenantId, {
      type: 'account.locked',
      result: 'success',
      target: { type: 'user', id: userId },
    });
  }
}

function refusalOf(userId: string, reason?: RefusedCredentials['reason']): ApiError {
  return new ApiError('INVALID_CREDENTIALS', { cause: new RefusedCredentials(userId, reason) });
}
