import { ApiError, type UserStatus } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { UserRecord } from './user.entity.js';
import type { SearchPosition } from './user-search.js';
import {
  type FoundUser,
  type UserFilter,
  UserDirectoryRepository,
} from './user-directory.repository.js';
import {
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
  constructor(
    private readonly users: UserRepository,
    private readonly directory: UserDirectoryRepository,
  ) {}

  /** @throws ApiError NOT_FOUND when the tenant has no such person, or none that the caller may see. */
  async find(id: string): Promise<UserRecord> {
    const user = await this.users.findById(id);
    if (user === null) throw new ApiError('NOT_FOUND');
    return user;
  }

  /** Null where `find` throws. */
  async findIfExists(id: string): Promise<UserRecord | null> {
    return this.users.findById(id);
  }

  async profile(id: string): Promise<UserResponse> {
    return toUserResponse(await this.find(id));
  }

  /** @throws ApiError VALIDATION_ERROR when there is nothing to change. */
  async updateProfile(id: string, changes: ProfileChanges): Promise<UserResponse> {
    return toUserResponse(await this.update(id, changes));
  }

  /** People in the order of their creation, after the one with this id. */
  async list(filter: UserFilter, after: string | null, limit: number): Promise<UserRecord[]> {
    return this.directory.list(filter, after, limit);
  }

  /** People whose address, name or last name begins with a text, each in alphabetical order, behind a position. */
  async search(
    text: string,
    filter: UserFilter,
    after: SearchPosition | null,
    limit: number,
  ): Promise<FoundUser[]> {
    return this.directory.search(text, filter, after, limit);
  }

  /**
   * The user, locked until the transaction ends.
   * @param assertMayChange the rule, which gives the reason of a refusal. The policies apply it as well, but only leave
   *   the row out.
   * @throws ApiError NOT_FOUND for an unknown user, INSUFFICIENT_PERMISSIONS for one that the caller may only see, and
   *   what `assertMayChange` throws.
   */
  async findForChange(
    id: string,
    assertMayChange: (user: UserRecord) => void | Promise<void>,
  ): Promise<UserRecord> {
    const locked = await this.users.findForUpdate(id);
    await assertMayChange(locked ?? (await this.find(id)));
    if (locked === null) throw new ApiError('INSUFFICIENT_PERMISSIONS');
    return locked;
  }

  /** @throws the database's refusal of a taken address or of one seat too many. */
  async create(user: NewUser): Promise<void> {
    await this.users.insert(user);
  }

  /** Counts a log-in. */
  async recordLogin(id: string, at: Date): Promise<void> {
    await this.users.recordLogin(id, at);
  }

  /**
   * Writes what is named; a new address is not verified.
   * @throws ApiError VALIDATION_ERROR when there is nothing to change; the database's refusal of a taken address.
   */
  async update(id: string, changes: UserChanges): Promise<UserRecord> {
    if (Object.keys(changes).length === 0) {
      throw ApiError.validation({
        field: 'body',
        message: 'must name at least one field to change',
      });
    }
    await this.users.update(id, changes);
    return this.find(id);
  }

  /** Sets role and what is granted beside it; the database keeps the tenant's last admin. */
  async setRights(id: string, rights: Rights): Promise<UserRecord> {
    await this.users.setRights(id, rights);
    return this.find(id);
  }

  /** Lets a person in, or keeps them out; the database keeps the tenant's last admin. */
  async setStatus(id: string, status: UserStatus): Promise<UserRecord> {
    await this.users.setStatus(id, status);
    return this.find(id);
  }

  /** Lets nobody in with the person's present password. Sessions that are open are the caller's to end. */
  async requirePasswordChange(id: string): Promise<UserRecord> {
    await this.users.requirePasswordChange(id);
    return this.find(id);
  }

  /** Deletes a person and their sessions; what they made stays, without them. */
  async delete(id: string): Promise<void> {
    await this.users.delete(id);
  }
}
