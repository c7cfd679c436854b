import {
  ApiError,
  effectivePermissions,
  outranks,
  type Permission,
  type Role,
} from '@poc-tracker/contracts';

/** Who acts: effective permissions. */
export interface Actor {
  userId: string;
  role: Role;
  permissions: readonly Permission[];
}

/** Who is acted on: what is granted to them beside the role, by themselves and by a role of the tenant's making. */
export interface Target {
  id: string;
  role: Role;
  permissions: readonly Permission[];
  customRolePermissions: readonly Permission[];
}

export interface RoleChange {
  role: Role;
  /** Left out: they stay. */
  permissions?: readonly Permission[] | undefined;
  /** What the role of the tenant's making allows that is given; null takes it away, left out it stays. */
  customRolePermissions?: readonly Permission[] | null | undefined;
}

/**
 * Nobody acts on themselves or on a person above them, on any road of administration (OWASP API5).
 * @throws ApiError INSUFFICIENT_PERMISSIONS; `details.reason` tells which rule.
 */
export function assertMayTouch(actor: Actor, target: Target): void {
  if (target.id === actor.userId) throw refusal('own_account');
  if (outranks(target.role, actor.role)) throw refusal('person_above_own_role');
}

/**
 * For what gives or takes all that a person may do: to suspend, let in again or delete them, or to change the address
 * that the account hangs on. Whoever lacks one of their rights can neither give nor take it.
 * @throws ApiError INSUFFICIENT_PERMISSIONS.
 */
export function assertMayDecideOver(actor: Actor, target: Target): void {
  assertMayTouch(actor, target);
  assertHolds(
    actor,
    effectivePermissions(target.role, [...target.permissions, ...target.customRolePermissions]),
  );
}

/**
 * The rules of giving rights, for every road that leads to them: nobody changes their own, touches a person above them,
 * gives a role above their own, or gives or takes a permission that they lack. What stays as it is may be what they
 * lack. A role of the tenant's making is given and taken as a whole, and what a person has by it does not count as
 * theirs: of the two sources of a permission, each outlives the other.
 * @throws ApiError INSUFFICIENT_PERMISSIONS.
 */
export function assertMayChangeRole(actor: Actor, target: Target, change: RoleChange): void {
  if (target.id === actor.userId) throw refusal('own_role');
  assertMayTouch(actor, target);
  assertMayGiveRole(actor, change.role);
  const { permissions = target.permissions, customRolePermissions } = change;
  const moved = customRolePermissions === undefined ? [] : target.customRolePermissions;
  assertHolds(actor, [
    ...changed(target.permissions, permissions),
    ...moved,
    ...(customRolePermissions ?? []),
  ]);
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS for a role above the own one. */
export function assertMayGiveRole(actor: Actor, role: Role): void {
  if (outranks(role, actor.role)) throw refusal('role_above_own');
}

/**
 * The same for a role of the tenant's making. A change of it is one of all its people.
 * @param holders whether the actor, or somebody above them, is among those people.
 * @throws ApiError INSUFFICIENT_PERMISSIONS.
 */
export function assertMayShapeRole(
  actor: Actor,
  before: readonly Permission[],
  after: readonly Permission[],
  holders: { self: boolean; above: boolean } = { self: false, above: false },
): void {
  const difference = changed(before, after);
  if (difference.length === 0) return;
  if (holders.self) throw refusal('own_role');
  if (holders.above) throw refusal('person_above_own_role');
  assertHolds(actor, difference);
}

/** What is in exactly one of the two. */
function changed(before: readonly Permission[], after: readonly Permission[]): Permission[] {
  return [
    ...before.filter((permission) => !after.includes(permission)),
    ...after.filter((permission) => !before.includes(permission)),
  ];
}

function assertHolds(actor: Actor, permissions: readonly Permission[]): void {
  const missing = permissions.filter((permission) => !actor.permissions.includes(permission));
  if (missing.length > 0) throw refusal('permission_not_held', [...new Set(missing)]);
}

function refusal(reason: string, required?: readonly Permission[]): ApiError {
  return new ApiError('INSUFFICIENT_PERMISSIONS', {
    details: { reason, ...(required && { required }) },
  });
}
