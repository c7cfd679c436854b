import { ApiError, outranks, type Permission, type Role } from '@poc-tracker/contracts';

/** Who acts: effective permissions. */
export interface Actor {
  userId: string;
  role: Role;
  permissions: readonly Permission[];
}

/** Who is acted on: permissions granted beside the role. */
export interface Target {
  id: string;
  role: Role;
  permissions: readonly Permission[];
}

export interface RoleChange {
  role: Role;
  permissions?: readonly Permission[];
}

/**
 * The rules of giving rights, for every road that leads to them (OWASP API5): nobody changes their own, touches a
 * person above them, gives a role above their own, or adds a permission that they lack.
 * @throws ApiError INSUFFICIENT_PERMISSIONS; `details.reason` tells which rule.
 */
export function assertMayChangeRole(actor: Actor, target: Target, change: RoleChange): void {
  if (target.id === actor.userId) throw refusal('own_role');
  if (outranks(target.role, actor.role)) throw refusal('person_above_own_role');
  if (outranks(change.role, actor.role)) throw refusal('role_above_own');
  const added = (change.permissions ?? []).filter(
    (permission) => !target.permissions.includes(permission),
  );
  const missing = added.filter((permission) => !actor.permissions.includes(permission));
  if (missing.length > 0) throw refusal('permission_not_held', missing);
}

function refusal(reason: string, required?: readonly Permission[]): ApiError {
  return new ApiError('INSUFFICIENT_PERMISSIONS', {
    details: { reason, ...(required && { required }) },
  });
}
