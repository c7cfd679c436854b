import {
  PERMISSION_DESCRIPTIONS,
  PERMISSIONS,
  permissionsOfRole,
  ROLES,
} from '@poc-tracker/contracts';
import type { PermissionResponse } from './role.response.js';

/** Everything that there is to be allowed, what it means and which roles have it. */
export function permissionCatalogue(): PermissionResponse[] {
  return PERMISSIONS.map((name) => ({
    name,
    description: PERMISSION_DESCRIPTIONS[name],
    roles: ROLES.filter((role) => permissionsOfRole(role).includes(name)),
  }));
}
