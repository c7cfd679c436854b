import {
  PERMISSION_DESCRIPTIONS,
  PERMISSIONS,
  permissionsOfRole,
  ROLES,
} from '@poc-tracker/contracts';
import type { PermissionResponse } from './role.response.js';

/** All permissions, what they mean and which roles have them. */
export function permissionCatalogue(): PermissionResponse[] {
  return PERMISSIONS.map((name) => ({
    name,
    description: PERMISSION_DESCRIPTIONS[name],
    roles: ROLES.filter((role) => permissionsOfRole(role).includes(name)),
  }));
}
