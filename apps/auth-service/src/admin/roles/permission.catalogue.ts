import {
  PERMISSION_DESCRIPTIONS,
  PERMISSIONS,
  permissionsOfRole,
  ROLES,
} from '@poc-tracker/contracts';
import { toSinglePage } from '@poc-tracker/http-service';
import type { PermissionPageResponse } from './role.response.js';

/** All permissions, what they mean and which roles have them. */
export function permissionCatalogue(): PermissionPageResponse {
  const items = PERMISSIONS.map((name) => ({
    name,
    description: PERMISSION_DESCRIPTIONS[name],
    roles: ROLES.filter((role) => permissionsOfRole(role).includes(name)),
  }));
  return toSinglePage(items);
}
