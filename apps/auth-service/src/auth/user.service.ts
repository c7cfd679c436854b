import { ApiError, type Permission, type Role } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { type ProfileChanges, UserRepository } from './user.repository.js';
import type { User } from './user.entity.js';
import { toUserResponse, type UserResponse } from './user.response.js';

/** The people of the current tenant, for their own profile and for administration. */
@Injectable()
export class UserService {
  constructor(private readonly users: UserRepository) {}

  /** @throws ApiError NOT_FOUND when the tenant has no such person, or none that the caller may see. */
  async find(id: string): Promise<User> {
    const user = await this.users.findById(id);
    if (user === null) throw new ApiError('NOT_FOUND');
    return user;
  }

  async profile(id: string): Promise<UserResponse> {
    return toUserResponse(await this.find(id));
  }

  /** @throws ApiError VALIDATION_ERROR when there is nothing to change. */
  async updateProfile(id: string, changes: ProfileChanges): Promise<UserResponse> {
    if (Object.keys(changes).length === 0) {
      throw ApiError.validation({
        field: 'body',
        message: 'must name at least one field to change',
      });
    }
    await this.users.updateProfile(id, changes);
    return this.profile(id);
  }

  /** People in the order of their creation, after the one with this id. */
  async listAfter(id: string | null, limit: number): Promise<User[]> {
    return this.users.listAfter(id, limit);
  }

  /**
   * The person, locked until the transaction ends, so that what is decided about them stays true.
   * @throws ApiError NOT_FOUND for an unknown person, INSUFFICIENT_PERMISSIONS for one that the caller may only see.
   */
  async findForChange(id: string): Promise<User> {
    await this.find(id);
    const user = await this.users.findForUpdate(id);
    if (user === null) throw new ApiError('INSUFFICIENT_PERMISSIONS');
    return user;
  }

  /** Sets role and personal permissions; the database keeps the tenant's last admin. */
  async assignRole(id: string, role: Role, permissions: Permission[]): Promise<User> {
    await this.users.setRole(id, role, permissions);
    return this.find(id);
  }
}
