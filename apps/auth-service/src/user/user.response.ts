import {
  effectivePermissions,
  LOCALES,
  type Locale,
  type Permission,
  PERMISSIONS,
  type Role,
  ROLES,
  USER_STATUSES,
  type UserStatus,
} from '@poc-tracker/contracts';
import { ApiProperty } from '@nestjs/swagger';
import type { UserRecord } from './user.entity.js';

/** A user as the API returns it. */
export class UserResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ format: 'email', example: 'ana@acme.example' })
  email: string;

  @ApiProperty({ description: 'Empty until the user states one.', example: 'Ana' })
  firstName: string;

  @ApiProperty({ description: 'Empty until the user states one.', example: 'Souza' })
  lastName: string;

  @ApiProperty({ enum: ROLES, example: 'user' })
  role: Role;

  @ApiProperty({
    enum: PERMISSIONS,
    isArray: true,
    description: 'All permissions of the user: of the role, of the custom role, and personal ones.',
    example: ['create_pocs'],
  })
  permissions: Permission[];

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'uuid',
    description: 'A custom role of the tenant, in addition to the role.',
    example: null,
  })
  customRoleId: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  customRoleName: string | null;

  @ApiProperty({ format: 'uuid', example: '0192f0c1-6a10-7b42-8c3d-112233445566' })
  tenantId: string;

  @ApiProperty({ enum: USER_STATUSES, example: 'active' })
  status: UserStatus;

  @ApiProperty({
    description: 'If true, the user must replace the password before the next log-in.',
    example: false,
  })
  mustChangePassword: boolean;

  @ApiProperty({ example: 'America/Sao_Paulo' })
  timezone: string;

  @ApiProperty({ enum: LOCALES, example: 'pt-BR' })
  locale: Locale;

  @ApiProperty({ type: String, nullable: true, format: 'uri', example: null })
  avatarUrl: string | null;

  @ApiProperty({ description: 'Whether the user has proved to have the address.', example: false })
  emailVerified: boolean;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null })
  emailVerifiedAt: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    example: '2026-11-20T12:00:00.000Z',
  })
  lastLoginAt: Date | null;

  @ApiProperty({ type: 'integer', description: 'Number of log-ins.', example: 7 })
  loginCount: number;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-20T11:59:00.000Z' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-20T12:00:00.000Z' })
  updatedAt: Date;
}

/** The permissions of the role, the personal ones and those of the custom role. */
function permissionsOf(
  user: Pick<UserRecord, 'role' | 'permissions' | 'customRolePermissions'>,
): Permission[] {
  return effectivePermissions(user.role, [...user.permissions, ...user.customRolePermissions]);
}

/** Lists each field, so that a new column of the table is not returned by accident. */
export function toUserResponse(user: UserRecord): UserResponse {
  return {
    id: user.id,
    email: user.email,
    firstName: user.firstName ?? '',
    lastName: user.lastName ?? '',
    role: user.role,
    permissions: permissionsOf(user),
    customRoleId: user.customRoleId,
    customRoleName: user.customRoleName,
    tenantId: user.tenantId,
    status: user.status,
    mustChangePassword: user.mustChangePassword,
    timezone: user.timezone,
    locale: user.locale,
    avatarUrl: user.avatarUrl,
    emailVerified: user.emailVerifiedAt !== null,
    emailVerifiedAt: user.emailVerifiedAt,
    lastLoginAt: user.lastLoginAt,
    loginCount: user.loginCount,
    createdAt: user.createdAt,
    updatedAt: user.updatedAt,
  };
}
