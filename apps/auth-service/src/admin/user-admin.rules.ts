import type { Principal } from '@poc-tracker/auth-kit';
import {
  ApiError,
  effectivePermissions,
  outranks,
  type Permission,
  type Role,
} from '@poc-tracker/contracts';
import { assertMayAssignRole } from '../user/role.rules.js';

/** The caller, with the effective permissions. */
export type Caller = Pick<Principal, 'userId' | 'role' | 'permissions'>;

/** The user that the caller changes, with the personal permissions and those of the custom role. */
export interface Target {
  id: string;
  role: Role;
  permissions: readonly Permission[];
  customRolePermissions: readonly Permission[];
  /** The role of the user who suspended them; null if they are not suspended, or by an operator. */
  suspendedByRole: Role | null;
}

export interface RoleChange {
  role: Role;
  /** If undefined, they stay unchanged. */
  permissions?: readonly Permission[] | undefined;
  /** The permissions of the new custom role; null removes the custom role, undefined leaves it unchanged. */
  customRolePermissions?: readonly Permission[] | null | undefined;
}

/**
 * For every change of a user by an admin: users may not change themselves here, or a user above their own role (OWASP
 * API5).
 * @throws ApiError INSUFFICIENT_PERMISSIONS; `details.reason` names the rule.
 */
export function assertMayManage(caller: Caller, target: Target): void {
  if (target.id === caller.userId) throw refusal('own_account');
  if (outranks(target.role, caller.role)) throw refusal('user_above_own_role');
}

/**
 * For changes that give or remove all rights of a user: suspend, deactivate, reactivate, delete, or change the email address.
 * The caller must have every permission of the user. A suspension is a security hold: only a user with the role of the one
 * who suspended, or a higher one, lifts it, replaces it by another status, or deletes the user.
 * @throws ApiError INSUFFICIENT_PERMISSIONS.
 */
export function assertMayControl(caller: Caller, target: Target): void {
  assertMayManage(caller, target);
  if (target.suspendedByRole !== null && outranks(target.suspendedByRole, caller.role))
    throw refusal('suspended_by_higher_role');
  assertHolds(
    caller,
    effectivePermissions(target.role, [...target.permissions, ...target.customRolePermissions]),
  );
}

/** Whether the caller takes over the suspension that a lower role has placed, so that the lower role no longer lifts it. */
export function takesOverSuspension(caller: Caller, { suspendedByRole }: Target): boolean {
  return suspendedByRole !== null && outranks(caller.role, suspendedByRole);
}

/**
 * The rules for assigning rights. Users may not change their own rights or those of a user above them, assign a role above
 * their own, or grant or remove a permission that they lack. Permissions that stay unchanged are not checked. A custom
 * role is assigned and replaced as a whole, and its permissions are checked even if the user also has them personally: each
 * source of a permission can be replaced without the other.
 * @throws ApiError INSUFFICIENT_PERMISSIONS.
 */
export function assertMayAssignRights(caller: Caller, target: Target, change: RoleChange): void {
  if (target.id === caller.userId) throw refusal('own_role');
  assertMayManage(caller, target);
  assertMayAssignRole(caller, change.role);
  const { permissions = target.permissions, customRolePermissions } = change;
  const replaced = customRolePermissions === undefined ? [] : target.customRolePermissions;
  assertHolds(caller, [
    ...changed(target.permissions, permissions),
    ...replaced,
    ...(customRolePermissions ?? []),
  ]);
}

/**
 * The same for a change of a custom role, which changes the rights of every user who has it.
 * @param holders whether the caller, or a user above them, has the role.
 * @throws ApiError INSUFFICIENT_PERMISSIONS.
 */
export function assertMayChangeCustomRole(
  caller: Caller,
  before: readonly Permission[],
  after: readonly Permission[],
  holders: { self: boolean; above: boolean } = { self: false, above: false },
): void {
  const difference = changed(before, after);
  if (difference.length === 0) return;
  if (holders.self) throw refusal('own_role');
  if (holders.above) throw refusal('user_above_own_role');
  assertHolds(caller, difference);
}

/** The permissions that are in exactly one of the two. */
function changed(before: readonly Permission[], after: readonly Permission[]): Permission[] {
  return [
    ...before.filter((permission) => !after.includes(permission)),
    ...after.filter((permission) => !before.includes(permission)),
  ];
}

function assertHolds(caller: Caller, permissions: readonly Permission[]): void {
  const missing = permissions.filter((permission) => !caller.permissions.includes(permission));
  if (missing.length > 0) throw refusal('permission_not_held', [...new Set(missing)]);
}

function refusal(reason: string, required?: readonly Permission[]): ApiError {
  return new ApiError('INSUFFICIENT_PERMISSIONS', {
    details: { reason, ...(required && { required }) },
  });
}
