import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { toUserResponse, type UserResponse } from '../auth/user.response.js';
import { UserService } from '../auth/user.service.js';
import type { AssignRoleDto, ListUsersQuery, UserPageResponse } from './admin.dto.js';
import { assertMayChangeRole } from './role-change.rules.js';
import { decodeCursor, encodeCursor } from './user-cursor.js';

/** What the managers and admins of a tenant do with its people. */
@Injectable()
export class AdminService {
  constructor(private readonly users: UserService) {}

  /** One page of people in the order of their creation: by key, so that page 1000 costs what page 1 does. */
  async listUsers(actor: Principal, query: ListUsersQuery): Promise<UserPageResponse> {
    const after = query.cursor === undefined ? null : decodeCursor(actor.tenantId, query.cursor);
    const found = await this.users.listAfter(after, query.limit + 1);
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    const more = found.length > page.length && last !== undefined;
    return {
      users: page.map(toUserResponse),
      nextCursor: more ? encodeCursor(actor.tenantId, last.id) : null,
    };
  }

  /**
   * Gives a person a role and, where stated, exactly these personal permissions. Their open sessions have the new
   * rights from their next request on.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS, LAST_ADMIN.
   */
  async assignRole(actor: Principal, userId: string, change: AssignRoleDto): Promise<UserResponse> {
    const target = await this.users.findForChange(userId);
    assertMayChangeRole(actor, target, change);
    return toUserResponse(
      await this.users.assignRole(target.id, change.role, change.permissions ?? target.permissions),
    );
  }
}
