import { type Permission, PERMISSIONS, type Role, ROLES } from '@poc-tracker/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import type { TenantRole } from './tenant-role.repository.js';

/** A custom role of a tenant. */
export class RoleResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728' })
  id: string;

  @ApiProperty({ example: 'Auditor' })
  name: string;

  @ApiProperty({ type: String, nullable: true, example: 'Sees usage, changes nothing.' })
  description: string | null;

  @ApiProperty({ enum: PERMISSIONS, isArray: true, example: ['view_usage'] })
  permissions: Permission[];

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt: Date;
}

export class RolePageResponse {
  @ApiProperty({ type: RoleResponse, isArray: true })
  items: RoleResponse[];

  @NextCursor()
  nextCursor: string | null;
}

/** A permission of the catalogue. */
export class PermissionResponse {
  @ApiProperty({ enum: PERMISSIONS, example: 'view_usage' })
  name: Permission;

  @ApiProperty({ example: 'View the usage and the limits of the tenant.' })
  description: string;

  @ApiProperty({
    enum: ROLES,
    isArray: true,
    description: 'The built-in roles that have it.',
    example: ['manager', 'admin'],
  })
  roles: Role[];
}

export class PermissionPageResponse {
  @ApiProperty({ type: PermissionResponse, isArray: true })
  items: PermissionResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export function toRoleResponse(role: TenantRole): RoleResponse {
  const { id, name, description, permissions, createdAt, updatedAt } = role;
  // In the order of the catalogue, without permissions that were removed from it.
  const known = PERMISSIONS.filter((permission) => permissions.includes(permission));
  return { id, name, description, permissions: known, createdAt, updatedAt };
}
