import {
  ApiError,
  type Permission,
  type SecurityEventType,
  type UserStatus,
} from '@poc-tracker/contracts';
import type { Principal } from '@poc-tracker/auth-kit';
import { Injectable } from '@nestjs/common';
import { SecurityEvents } from '../audit/security-events.js';
import { toUserResponse, type UserResponse } from '../user/user.response.js';
import { type UserRecord, UserService } from '../user/user.service.js';
import type { RevokedSessionsResponse, SessionResponse } from '../session/session.response.js';
import { SessionService } from '../session/session.service.js';
import type { AssignRoleDto } from './user-admin.dto.js';
import { assertMayChangeRole, assertMayDecideOver, assertMayTouch } from './role-change.rules.js';
import { RoleService } from './roles/role.service.js';

/**
 * What the people of a tenant may do and where they are signed in. Whatever changes here counts from their next request
 * on, with the tokens that they have. Each throws NOT_FOUND for nobody of the tenant and INSUFFICIENT_PERMISSIONS for
 * oneself and for people above; the database keeps the last admin (LAST_ADMIN).
 */
@Injectable()
export class UserAccessService {
  constructor(
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly roles: RoleService,
    private readonly events: SecurityEvents,
  ) {}

  /** Keeps a person out and ends their sessions; their seat stays taken. */
  async suspend(actor: Principal, userId: string): Promise<UserResponse> {
    const answer = await this.setStatus(actor, userId, 'suspended');
    await this.sessions.revokeAll(userId);
    return answer;
  }

  async reactivate(actor: Principal, userId: string): Promise<UserResponse> {
    return this.setStatus(actor, userId, 'active');
  }

  /** Deletes a person for good, with their sessions; what they made stays. */
  async delete(actor: Principal, userId: string): Promise<void> {
    const target = await this.targetOf(actor, userId, assertMayDecideOver);
    await this.users.delete(target.id);
    await this.record('user.deleted', target, { role: target.role });
  }

  /**
   * Gives a person a role and, where stated, exactly these personal permissions and this role of the tenant's making.
   * @throws ApiError VALIDATION_ERROR for a role that the tenant does not have.
   */
  async assignRole(actor: Principal, userId: string, change: AssignRoleDto): Promise<UserResponse> {
    const target = await this.targetOf(actor, userId, async (_actor, user) => {
      const { role, permissions, customRoleId } = change;
      const customRolePermissions =
        customRoleId === undefined || customRoleId === user.customRoleId
          ? undefined
          : await this.allowedBy(customRoleId);
      assertMayChangeRole(actor, user, { role, permissions, customRolePermissions });
    });
    const { role, permissions = target.permissions, customRoleId = target.customRoleId } = change;
    const changed = await this.users.setRights(target.id, { role, permissions, customRoleId });
    await this.record('user.role_changed', target, {
      from: rightsOf(target),
      to: { role, permissions, customRoleId },
    });
    return toUserResponse(changed);
  }

  /** Lets nobody in with the person's present password, and ends their sessions. */
  async requirePasswordChange(actor: Principal, userId: string): Promise<UserResponse> {
    const target = await this.targetOf(actor, userId, assertMayTouch);
    const changed = await this.users.requirePasswordChange(target.id);
    await this.sessions.revokeAll(target.id);
    await this.record('password.change_required', target);
    return toUserResponse(changed);
  }

  async listSessions(actor: Principal, userId: string): Promise<SessionResponse[]> {
    const target = await this.users.find(userId);
    if (target.id !== actor.userId) assertMayTouch(actor, target);
    return this.sessions.list(target.id, actor.sessionId);
  }

  async endSession(
    actor: Principal,
    userId: string,
    sessionId: string,
  ): Promise<RevokedSessionsResponse> {
    const target = await this.targetOf(actor, userId, assertMayTouch);
    return this.sessions.revoke(target.id, sessionId);
  }

  async endSessions(actor: Principal, userId: string): Promise<RevokedSessionsResponse> {
    const target = await this.targetOf(actor, userId, assertMayTouch);
    return this.sessions.revokeAll(target.id);
  }

  private async setStatus(
    actor: Principal,
    userId: string,
    status: Extract<UserStatus, 'active' | 'suspended'>,
  ): Promise<UserResponse> {
    const target = await this.targetOf(actor, userId, assertMayDecideOver);
    if (target.status === status) return toUserResponse(target);
    const changed = await this.users.setStatus(target.id, status);
    await this.record(status === 'active' ? 'user.reactivated' : 'user.suspended', target, {
      from: target.status,
    });
    return toUserResponse(changed);
  }

  private async targetOf(
    actor: Principal,
    userId: string,
    rule: (actor: Principal, user: UserRecord) => void | Promise<void>,
  ): Promise<UserRecord> {
    return this.users.findForChange(userId, (user) => rule(actor, user));
  }

  /** What a role of the tenant's making allows; null for none. */
  private async allowedBy(customRoleId: string | null): Promise<readonly Permission[] | null> {
    if (customRoleId === null) return null;
    const permissions = await this.roles.permissionsOf(customRoleId);
    if (permissions === undefined) {
      throw ApiError.validation({
        field: 'customRoleId',
        message: 'must be one of the roles of the tenant',
      });
    }
    return permissions;
  }

  private async record(
    type: SecurityEventType,
    { id }: UserRecord,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    await this.events.record({ type, result: 'success', target: { type: 'user', id }, details });
  }
}

function rightsOf({ role, permissions, customRoleId }: UserRecord): Record<string, unknown> {
  return { role, permissions, customRoleId };
}
