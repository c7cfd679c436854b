import type { Permission } from '@poc-tracker/contracts';

export type Command = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/**
 * What a user needs for a command on another user's rows in their own tenant: a permission, one of several, nothing but
 * being a user of the tenant (`member`), or something that they cannot get (`none`).
 */
export type Need = Permission | readonly Permission[] | 'member' | 'none';

export type PermissionMatrix = Readonly<Record<string, Partial<Record<Command, Need>>>>;

const SETTINGS = {
  SELECT: 'member',
  INSERT: 'manage_settings',
  UPDATE: 'manage_settings',
  DELETE: 'manage_settings',
} as const;

const MAIL_SETTINGS = { ...SETTINGS, SELECT: 'manage_settings' } as const;

const INVITATIONS = {
  SELECT: 'manage_invites',
  INSERT: 'manage_invites',
  UPDATE: 'manage_invites',
} as const;

/** Every command that the service's login is granted. What a command needs is what the routes for it ask. */
export const SERVICE_PERMISSIONS: PermissionMatrix = {
  // A sign-up inserts its own tenant, before there is a user.
  tenants: { SELECT: 'member', INSERT: 'member', UPDATE: 'manage_settings' },
  tenant_settings: SETTINGS,
  tenant_domains: SETTINGS,
  tenant_mail: MAIL_SETTINGS,
  mail_templates: MAIL_SETTINGS,
  suppressed_addresses: { SELECT: 'manage_settings', DELETE: 'manage_settings' },
  tenant_usage: { SELECT: 'view_usage' },
  usage_events: { SELECT: 'view_usage' },
  tenant_roles: {
    SELECT: ['manage_roles', 'manage_users'],
    INSERT: 'manage_roles',
    UPDATE: 'manage_roles',
    DELETE: 'manage_roles',
  },
  users: {
    SELECT: 'manage_users',
    INSERT: 'manage_users',
    UPDATE: 'manage_users',
    DELETE: 'manage_users',
  },
  // A user opens sessions of their own only.
  user_sessions: {
    SELECT: 'manage_users',
    INSERT: 'member',
    UPDATE: 'manage_users',
  },
  // A user adds and changes factors of their own only, and an admin removes those of a user who has lost them.
  user_factors: {
    SELECT: 'manage_users',
    INSERT: 'member',
    UPDATE: 'none',
    DELETE: 'manage_users',
  },
  // The log-ins that a user has begun, and the devices that skip the factor, are the user's alone.
  login_challenges: { SELECT: 'none', INSERT: 'member', UPDATE: 'none', DELETE: 'none' },
  remembered_devices: { SELECT: 'none', INSERT: 'member', DELETE: 'none' },
  recovery_codes: { SELECT: 'manage_users', INSERT: 'member', DELETE: 'manage_users' },
  session_changes: { SELECT: 'manage_users' },
  invites: INVITATIONS,
  invite_links: INVITATIONS,
  invite_link_uses: { SELECT: 'manage_invites' },
  audit_log: { SELECT: 'view_audit' },
  // What a user does, and what they are refused, is recorded for every role.
  security_events: { SELECT: 'view_audit', INSERT: 'member' },
  audit_chain: { SELECT: 'view_audit' },
  audit_pending: { SELECT: 'view_audit' },
  audit_anchors: { SELECT: 'view_audit' },
};

/** The same for the tracker's login. */
export const TRACKER_PERMISSIONS: PermissionMatrix = {
  pocs: {
    SELECT: 'member',
    INSERT: 'create_pocs',
    UPDATE: 'manage_pocs',
    DELETE: 'manage_pocs',
  },
  poc_files: {
    SELECT: 'member',
    INSERT: 'manage_pocs',
    // Completes an upload, which is the uploader's own.
    UPDATE: 'none',
    DELETE: 'manage_pocs',
  },
  poc_collaborators: { SELECT: 'member', INSERT: 'manage_pocs', DELETE: 'manage_pocs' },
  tenant_settings: { SELECT: 'member' },
};
