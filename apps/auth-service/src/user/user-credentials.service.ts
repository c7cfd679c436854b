import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';
import { PasswordHasher } from '../protection/password.hasher.js';
import type { Place } from '../protection/queue/fair-queue.js';
import { type Credentials, UserRepository } from './user.repository.js';

/** Verified credentials. `upgradedHash` is set when the stored hash was made with weaker settings than today's. */
export interface VerifiedCredentials extends Credentials {
  upgradedHash: string | null;
}

/** The cause of INVALID_CREDENTIALS, for the audit log only: the response is the same for every cause. */
export class RefusedCredentials extends Error {
  constructor(
    /** The user whose account the credentials named. */
    readonly userId: string,
    /** Why, where the password itself is right. */
    readonly reason?: 'temporary_password_expired',
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
    private readonly database: TenantDatabase,
  ) {}

  /**
   * An unknown address, a wrong password, an expired one and an inactive account get the same answer after the same work: one look-up
   * and one verification (OWASP ASVS 6.3.8). No connection is in use while the password is hashed.
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

  /** Whether a user of the tenant has the address. The database decides when two register at once. */
  async isTaken(email: string): Promise<boolean> {
    return (await this.users.findCredentials(email)) !== null;
  }

  /**
   * Locks the user's row until the transaction ends, if the password is still the one that was verified.
   * @throws ApiError INVALID_CREDENTIALS if the password or the status has changed since.
   */
  async assertUnchanged(email: string, verified: Credentials): Promise<void> {
    if (!(await this.users.lockUnchanged(email, verified)))
      throw new ApiError('INVALID_CREDENTIALS', { cause: new RefusedCredentials(verified.id) });
  }

  /** Stores a stronger hash of the same password, where `verify` made one. */
  async upgradeHash({ id, upgradedHash }: VerifiedCredentials): Promise<void> {
    if (upgradedHash !== null) await this.users.setPasswordHash(id, upgradedHash);
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
    if (found === null) {
      await this.hasher.verifyDummy(password, place);
      throw new ApiError('INVALID_CREDENTIALS');
    }
    const { valid, outdated } = await this.hasher.verify(found.passwordHash, password, place);
    if (!valid || found.status !== 'active')
      throw new ApiError('INVALID_CREDENTIALS', { cause: new RefusedCredentials(found.id) });
    if (found.expired)
      throw new ApiError('INVALID_CREDENTIALS', {
        cause: new RefusedCredentials(found.id, 'temporary_password_expired'),
      });
    return { ...found, upgradedHash: outdated ? await this.hasher.hash(password) : null };
  }
}
