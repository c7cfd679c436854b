import type { Role } from './roles.js';

/** Permissions of roles. A user can have more permissions than their role. */
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

/** Descriptions for admins who grant permissions. */
export const PERMISSION_DESCRIPTIONS: Record<Permission, string> = {
  manage_users: 'View, create, update, suspend and delete users of the tenant.',
  manage_roles: 'Create, update and delete custom roles of the tenant.',
  manage_invites: 'Invite users, and view, resend and revoke invitations.',
  manage_settings: 'Update the settings, the branding and the domains of the tenant.',
  view_usage: 'View the usage and the limits of the tenant.',
  view_audit: 'View and export the audit log of the tenant.',
  create_pocs: 'Create POCs, and edit your own.',
  manage_pocs: 'Update and delete every POC of the tenant.',
};

const ROLE_PERMISSIONS: Record<Role, readonly Permission[]> = {
  viewer: [],
  user: ['create_pocs'],
  manager: ['manage_users', 'manage_invites', 'view_usage', 'create_pocs', 'manage_pocs'],
  admin: PERMISSIONS,
};

/** The permissions of a role. */
export function permissionsOfRole(role: Role): readonly Permission[] {
  return ROLE_PERMISSIONS[role];
}

/** The permissions of a user: those of the role and those granted in addition, in catalogue order. */
export function effectivePermissions(role: Role, granted: readonly Permission[]): Permission[] {
  return PERMISSIONS.filter(
    (permission) => ROLE_PERMISSIONS[role].includes(permission) || granted.includes(permission),
  );
}
