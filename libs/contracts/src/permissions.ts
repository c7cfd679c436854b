import type { Role } from './roles.js';

/** Everything that a role, or a person beside their role, can be allowed to do. */
export const PERMISSIONS = [
  'manage_users',
  'manage_roles',
  'manage_invites',
  'manage_settings',
  'view_usage',
  'view_audit',
  'create_pocs',
  'manage_pocs',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** What each permission allows, for whoever gives it. */
export const PERMISSION_DESCRIPTIONS: Record<Permission, string> = {
  manage_users: 'See, create, change, suspend and delete the people of the tenant.',
  manage_roles: "Make, change and delete the tenant's own roles.",
  manage_invites: 'Invite people and see, send again and revoke invitations.',
  manage_settings: 'Change the settings, the branding and the domains of the tenant.',
  view_usage: 'See what the tenant uses of its limits.',
  view_audit: 'Read and export the audit trail of the tenant.',
  create_pocs: 'Make POCs and change those of their own.',
  manage_pocs: 'Change and delete every POC of the tenant.',
};

const ROLE_PERMISSIONS: Record<Role, readonly Permission[]> = {
  viewer: [],
  user: ['create_pocs'],
  manager: ['manage_users', 'manage_invites', 'view_usage', 'create_pocs', 'manage_pocs'],
  admin: PERMISSIONS,
};

/** What a role allows by itself. */
export function permissionsOfRole(role: Role): readonly Permission[] {
  return ROLE_PERMISSIONS[role];
}

/** What a person may do: the permissions of the role and those granted beside it, in catalogue order. */
export function effectivePermissions(role: Role, granted: readonly Permission[]): Permission[] {
  return PERMISSIONS.filter(
    (permission) => ROLE_PERMISSIONS[role].includes(permission) || granted.includes(permission),
  );
}
