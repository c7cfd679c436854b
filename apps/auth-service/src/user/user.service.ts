import { ApiError, type UserStatus } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { toTenantSummary } from '../tenant/tenant-summary.response.js';
import type { ProfileResponse } from './profile/profile.response.js';
import type { UserRecord } from './user.entity.js';
import type { SearchPosition } from './user-search.js';
import {
  type FoundUser,
  type UserFilter,
  UserDirectoryRepository,
} from './user-directory.repository.js';
import {
  type FoundByEmail,
  type NewUser,
  type UserChanges,
  type ProfileChanges,
  type Rights,
  UserRepository,
} from './user.repository.js';
import { toUserResponse, type UserResponse } from './user.response.js';

export type { UserRecord } from './user.entity.js';
export type { NewUser } from './user.repository.js';

/** The users of the current tenant. */
@Injectable()
export class UserService {
  private readonly temporaryHours: number;

  constructor(
    @Inject(APP_CONFIG) config: { passwords: Pick<AppConfig['passwords'], 'temporaryHours'> },
    private readonly users: UserRepository,
    private readonly directory: UserDirectoryRepository,
  ) {
    this.temporaryHours = config.passwords.temporaryHours;
  }

  /** @throws ApiError NOT_FOUND if the tenant has no such user, or none that the current user may see. */
  async get(id: string): Promise<UserRecord> {
    const user = await this.users.findById(id);
    if (user === null) throw new ApiError('NOT_FOUND');
    return user;
  }

  /** Null where `get` throws. */
  async find(id: string): Promise<UserRecord | null> {
    return this.users.findById(id);
  }

  /** Whether a user of the tenant has the address. The database decides when two register at once. */
  async isEmailTaken(email: string): Promise<boolean> {
    return this.users.isEmailTaken(email);
  }

  /** Whether another user than this one has the address. */
  async isEmailOfOther(id: string, email: string): Promise<boolean> {
    return this.users.isEmailOfOther(id, email);
  }

  /** The id of the active user with the address; null if there is none. Also without the right to see users. */
  async findActiveId(email: string): Promise<string | null> {
    return this.users.findActiveId(email);
  }

  async profile(id: string): Promise<UserResponse> {
    return toUserResponse(await this.get(id));
  }

  /** The profile of a user with their tenant. */
  async profileWithTenant(id: string): Promise<ProfileResponse> {
    const found = await this.users.findProfile(id);
    if (found === null) throw new ApiError('NOT_FOUND');
    return { user: toUserResponse(found), tenant: toTenantSummary(found.tenantId, found) };
  }

  /** @throws ApiError VALIDATION_ERROR if no field is given. */
  async updateProfile(id: string, changes: ProfileChanges): Promise<UserResponse> {
    return toUserResponse(await this.update(id, changes));
  }

  /** Users in the order of their creation, after the one with this id. */
  async list(filter: UserFilter, after: string | null, limit: number): Promise<UserRecord[]> {
    return this.directory.list(filter, after, limit);
  }

  /** Users whose email address, name or last name starts with a text, in alphabetical order, after a position. */
  async search(
    text: string,
    filter: UserFilter,
    after: SearchPosition | null,
    limit: number,
  ): Promise<FoundUser[]> {
    return this.directory.search(text, filter, after, limit);
  }

  /**
   * Locks a user until the transaction ends.
   * @param assertMayChange the rule, which gives the reason of a refusal. The policies apply it as well, but only leave
   *   the row out.
   * @throws ApiError NOT_FOUND for an unknown user, INSUFFICIENT_PERMISSIONS for one that the current user may only see,
   *   and what `assertMayChange` throws.
   */
  async findForChange(
    id: string,
    assertMayChange: (user: UserRecord) => void | Promise<void>,
  ): Promise<UserRecord> {
    const locked = await this.users.findForUpdate(id);
    await assertMayChange(locked ?? (await this.get(id)));
    if (locked === null) throw new ApiError('INSUFFICIENT_PERMISSIONS');
    return locked;
  }

  /**
   * Creates a user with a password that they have chosen.
   * @param transaction of the request or an operator's
   * @throws a database error if the address is taken (USER_EXISTS) or no seat is free (USER_LIMIT_EXCEEDED).
   */
  async create(transaction: SqlRunner, user: NewUser): Promise<void> {
    await this.users.insert(transaction, user);
  }

  /** The same with a temporary password, which the user must change before anything else. @returns when it expires. */
  async createWithTemporaryPassword(transaction: SqlRunner, user: NewUser): Promise<Date> {
    return this.users.insertWithTemporaryPassword(transaction, user, this.temporaryHours);
  }

  /**
   * Updates the given fields. A new email address is not verified.
   * @throws a database error if the address is taken (USER_EXISTS).
   */
  async update(id: string, changes: UserChanges): Promise<UserRecord> {
    await this.users.update(id, changes);
    return this.get(id);
  }

  /** Marks the address of the current user as verified. @returns false if it was already. */
  async verifyEmail(id: string): Promise<boolean> {
    return this.users.verifyEmail(id);
  }

  /**
   * Sets an address that the current user has proved to have.
   * @throws a database error if the address is taken (USER_EXISTS).
   */
  async setVerifiedEmail(id: string, email: string): Promise<void> {
    await this.users.setVerifiedEmail(id, email);
  }

  /** Sets the role, the personal permissions and the custom role. The database protects the tenant's last admin. */
  async setRights(id: string, rights: Rights): Promise<UserRecord> {
    await this.users.setRights(id, rights);
    return this.get(id);
  }

  /** The database protects the tenant's last admin. */
  async setStatus(transaction: SqlRunner, id: string, status: UserStatus): Promise<UserRecord> {
    await this.users.setStatus(transaction, id, status);
    return this.get(id);
  }

  /**
   * Replaces the password by a temporary one, which the user must change before anything else. Does not revoke sessions.
   * @param transaction of the request or an operator's
   * @returns when the password expires.
   */
  async setTemporaryPassword(
    transaction: SqlRunner,
    id: string,
    passwordHash: string,
  ): Promise<Date> {
    return this.users.setTemporaryPassword(transaction, id, passwordHash, this.temporaryHours);
  }

  /**
   * Replaces the password of the current user by one that has expired already: only a reset gives access again.
   * @param passwordHash of random text
   */
  async disablePassword(transaction: SqlRunner, id: string, passwordHash: string): Promise<void> {
    await this.users.setTemporaryPassword(transaction, id, passwordHash, 0);
  }

  /** The user with this address, in an operator's transaction. Null if there is none. */
  async findByEmail(transaction: SqlRunner, email: string): Promise<FoundByEmail | null> {
    return this.users.findByEmail(transaction, email);
  }

  /** The same, and locks the user's row until the transaction ends. */
  async findByEmailForUpdate(transaction: SqlRunner, email: string): Promise<FoundByEmail | null> {
    return this.users.findByEmailForUpdate(transaction, email);
  }

  /** Suspends a user in an operator's transaction. The database protects the tenant's last admin. */
  async suspend(transaction: SqlRunner, id: string): Promise<void> {
    await this.users.setStatus(transaction, id, 'suspended');
  }

  /** Makes a user active in an operator's transaction, with this role and a password that the user has chosen. */
  async reinstate(
    transaction: SqlRunner,
    id: string,
    access: Pick<NewUser, 'role' | 'passwordHash'>,
  ): Promise<void> {
    await this.users.reinstate(transaction, id, access);
  }

  /** Refuses log-ins until the password is replaced. Does not revoke sessions. */
  async requirePasswordChange(id: string): Promise<UserRecord> {
    await this.users.requirePasswordChange(id);
    return this.get(id);
  }

  /** Deletes a user and their sessions. References to the user become null. */
  async delete(id: string): Promise<void> {
    await this.users.delete(id);
  }
}
