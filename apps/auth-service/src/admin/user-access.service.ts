import {
  ApiError,
  type Permission,
  RECENT_PROOF,
  type SecurityEventType,
  type UserStatus,
} from '@poc-tracker/contracts';
import { assertFresh, type Principal } from '@poc-tracker/auth-kit';
import { Injectable } from '@nestjs/common';
import type { PageQuery } from '@poc-tracker/http-service';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../audit/security-events.js';
import { ACCEPTED, type AcceptedResponse } from '../auth/one-time-tokens/account.response.js';
import { AccountLinks } from '../auth/one-time-tokens/account-links.js';
import { toUserResponse, type UserResponse } from '../user/user.response.js';
import { UserMails } from '../user/user-mails.js';
import { AccountUnlockService } from '../user/account-unlock.service.js';
import { type UserRecord, UserService } from '../user/user.service.js';
import type { RevokedSessionsResponse, SessionPageResponse } from '../session/session.response.js';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import { SessionService } from '../session/session.service.js';
import { PasswordHasher } from '../protection/passwords/password.hasher.js';
import { temporaryPassword } from '../protection/passwords/temporary-password.js';
import type {
  AssignRoleDto,
  TemporaryPasswordResponse,
  UserDetailsResponse,
} from './user-admin.dto.js';
import {
  assertMayAssignRights,
  assertMayControl,
  assertMayManage,
  takesOverSuspension,
} from './user-admin.rules.js';
import { RoleService } from './roles/role.service.js';

const STATUS_EVENTS = {
  active: 'user.reactivated',
  suspended: 'user.suspended',
  inactive: 'user.deactivated',
} as const satisfies Record<UserStatus, SecurityEventType>;

/**
 * Changes of a user's access: status, rights, sessions. They take effect at the user's next request. Each method throws
 * NOT_FOUND if the tenant has no such user and INSUFFICIENT_PERMISSIONS for the caller's own account and for users above
 * the caller; the database protects the last admin (LAST_ADMIN).
 */
@Injectable()
export class UserAccessService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly revocations: SessionRevocationService,
    private readonly roles: RoleService,
    private readonly hasher: PasswordHasher,
    private readonly unlocks: AccountUnlockService,
    private readonly links: AccountLinks,
    private readonly mails: UserMails,
    private readonly events: SecurityEvents,
  ) {}

  /** Suspends a user for a security hold: revokes their sessions and frees their seat. */
  async suspend(principal: Principal, userId: string): Promise<UserResponse> {
    return this.endAccess(principal, userId, 'suspended');
  }

  /** The same for a user who has left. */
  async deactivate(principal: Principal, userId: string): Promise<UserResponse> {
    return this.endAccess(principal, userId, 'inactive');
  }

  /**
   * Lets a user log in again, who takes a seat.
   * @throws a database error if no seat is free (USER_LIMIT_EXCEEDED).
   */
  async reactivate(principal: Principal, userId: string): Promise<UserResponse> {
    return this.setStatus(principal, userId, 'active');
  }

  /**
   * Unlocks an account that failed log-ins have locked, and resets their count.
   * @throws ApiError SERVICE_UNAVAILABLE if that is not certain, because Redis does not answer.
   */
  async unlock(principal: Principal, userId: string): Promise<UserDetailsResponse> {
    const account = { tenantId: principal.tenantId, userId };
    const { target, wasLocked } = await this.database.transaction(principal, async () => ({
      target: await this.targetOf(principal, userId, assertMayControl),
      wasLocked: await this.unlocks.record(this.database, account),
    }));
    await this.unlocks.complete(account, target.email, wasLocked);
    return { ...toUserResponse(target), lockedUntil: null };
  }

  /** Deletes a user and their sessions. What they created stays. */
  async delete(principal: Principal, userId: string): Promise<void> {
    const target = await this.targetOf(principal, userId, assertMayControl);
    await this.users.delete(target.id);
    await this.record('user.deleted', target, { role: target.role });
  }

  /**
   * Sets the role and, if given, the personal permissions and the custom role.
   * @throws ApiError VALIDATION_ERROR if the tenant has no such custom role, STEP_UP_REQUIRED for the role admin.
   */
  async updateRole(
    principal: Principal,
    userId: string,
    change: AssignRoleDto,
  ): Promise<UserResponse> {
    if (change.role === 'admin') assertFresh(principal, RECENT_PROOF);
    const target = await this.targetOf(principal, userId, async (_principal, user) => {
      const { role, permissions, customRoleId } = change;
      const customRolePermissions =
        customRoleId === undefined || customRoleId === user.customRoleId
          ? undefined
          : await this.permissionsOf(customRoleId);
      assertMayAssignRights(principal, user, { role, permissions, customRolePermissions });
    });
    const { role, permissions = target.permissions, customRoleId = target.customRoleId } = change;
    const changed = await this.users.setRights(target.id, { role, permissions, customRoleId });
    await this.record('user.role_changed', target, {
      from: rightsOf(target),
      to: { role, permissions, customRoleId },
    });
    return toUserResponse(changed);
  }

  /** Revokes the user's sessions and refuses log-ins until the password is replaced. */
  async requirePasswordChange(principal: Principal, userId: string): Promise<UserResponse> {
    const target = await this.targetOf(principal, userId, assertMayManage);
    const changed = await this.users.requirePasswordChange(target.id);
    await this.revocations.revokeAll(this.database, target.id);
    await this.record('password.change_required', target);
    return toUserResponse(changed);
  }

  /**
   * Replaces a lost password by a generated one, which the user must change before anything else, and revokes the user's
   * sessions. The caller must have every permission of the user: with the password, they could log in as them. This is
   * checked before the password is hashed, which is expensive and uses no connection, and again when it is stored. Unlocks
   * the account, unless Redis does not answer.
   * @throws ApiError SERVICE_BUSY.
   */
  async resetPassword(principal: Principal, userId: string): Promise<TemporaryPasswordResponse> {
    await this.database.transaction(principal, () =>
      this.targetOf(principal, userId, assertMayControl),
    );
    const generated = temporaryPassword();
    const passwordHash = await this.hasher.hash(generated);
    const account = { tenantId: principal.tenantId, userId };
    const { wasLocked, ...stored } = await this.database.transaction(principal, async () => ({
      ...(await this.storeTemporaryPassword(principal, userId, passwordHash)),
      wasLocked: await this.unlocks.recordIfReachable(this.database, account),
    }));
    await this.unlocks.completeIfReachable(account, stored.user.email, wasLocked);
    return { ...stored, temporaryPassword: generated };
  }

  /**
   * Sends a link to reset the password to the address of an active user. The present password stays valid until then. The caller
   * must have every permission of the user, as for a temporary password, although only the user gets the link.
   * @throws ApiError VALIDATION_ERROR if the user is not active.
   */
  async sendPasswordReset(principal: Principal, userId: string): Promise<AcceptedResponse> {
    const target = await this.targetOf(principal, userId, assertMayControl);
    if (target.status !== 'active')
      throw ApiError.validation({ field: 'userId', message: 'must be an active user' });
    await this.record('password.reset_requested', target);
    await this.links.send(this.database, principal.tenant, target, 'reset_password');
    return ACCEPTED;
  }

  async listSessions(
    principal: Principal,
    userId: string,
    query: PageQuery,
  ): Promise<SessionPageResponse> {
    const target = await this.users.get(userId);
    if (target.id !== principal.userId) assertMayManage(principal, target);
    return this.sessions.list(principal, target.id, query);
  }

  async revokeSession(
    principal: Principal,
    userId: string,
    sessionId: string,
  ): Promise<RevokedSessionsResponse> {
    const target = await this.targetOf(principal, userId, assertMayManage);
    return this.revocations.revoke(target.id, sessionId);
  }

  async revokeSessions(principal: Principal, userId: string): Promise<RevokedSessionsResponse> {
    const target = await this.targetOf(principal, userId, assertMayManage);
    return this.revocations.revokeAll(this.database, target.id);
  }

  private async storeTemporaryPassword(
    principal: Principal,
    userId: string,
    passwordHash: string,
  ): Promise<Omit<TemporaryPasswordResponse, 'temporaryPassword'>> {
    const target = await this.targetOf(principal, userId, assertMayControl);
    const { database } = this;
    const expiresAt = await this.users.setTemporaryPassword(database, target.id, passwordHash);
    await this.revocations.revokeAll(database, target.id);
    await this.record('password.reset', target);
    const user = await this.users.profile(target.id);
    const values = { at: user.updatedAt };
    await this.mails.add(database, user, { kind: 'password_changed', values });
    return { user, expiresAt };
  }

  private async endAccess(
    principal: Principal,
    userId: string,
    status: Exclude<UserStatus, 'active'>,
  ): Promise<UserResponse> {
    const response = await this.setStatus(principal, userId, status);
    await this.revocations.revokeAll(this.database, userId);
    return response;
  }

  private async setStatus(
    principal: Principal,
    userId: string,
    status: UserStatus,
  ): Promise<UserResponse> {
    const target = await this.targetOf(principal, userId, assertMayControl);
    const unchanged = target.status === status;
    if (unchanged && !(status === 'suspended' && takesOverSuspension(principal, target)))
      return toUserResponse(target);
    const changed = await this.users.setStatus(this.database, target.id, status);
    await this.record(STATUS_EVENTS[status], target, { from: target.status });
    return toUserResponse(changed);
  }

  private async targetOf(
    principal: Principal,
    userId: string,
    rule: (principal: Principal, user: UserRecord) => void | Promise<void>,
  ): Promise<UserRecord> {
    return this.users.findForChange(userId, (user) => rule(principal, user));
  }

  /** The permissions of a custom role; null for none. */
  private async permissionsOf(customRoleId: string | null): Promise<readonly Permission[] | null> {
    if (customRoleId === null) return null;
    const permissions = await this.roles.permissionsOf(customRoleId);
    if (permissions === undefined) {
      throw ApiError.validation({
        field: 'customRoleId',
        message: 'must be a custom role of the tenant',
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
