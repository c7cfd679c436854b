import type { Role } from './roles.js';

/** Everything that a role, or a person beside their role, can be allowed to do. */
export const PERMISSIONS = ['manage_users', 'view_usage'] as const;

export type Permission = (typeof PERMISSIONS)[number];

const ROLE_PERMISSIONS: Record<Role, readonly Permission[]> = {
  viewer: [],
  user: [],
  manager: ['manage_users', 'view_usage'],
  admin: PERMISSIONS,
};

/** What a person may do: the permissions of the role and those granted to the person alone, in catalogue order. */
export function effectivePermissions(role: Role, granted: readonly Permission[]): Permission[] {
  return PERMISSIONS.filter(
    (permission) => ROLE_PERMISSIONS[role].includes(permission) || granted.includes(permission),
  );
}
