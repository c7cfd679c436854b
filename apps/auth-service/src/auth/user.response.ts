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
import type { User } from './user.entity.js';

/** A person as answers show them. */
export class UserResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ format: 'email', example: 'ana@acme.example' })
  email: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ana' })
  firstName: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Souza' })
  lastName: string | null;

  @ApiProperty({ enum: ROLES, example: 'user' })
  role: Role;

  @ApiProperty({
    enum: PERMISSIONS,
    isArray: true,
    description: 'Those of the role and those granted to the person.',
    example: [],
  })
  permissions: Permission[];

  @ApiProperty({ format: 'uuid', example: '0192f0c1-6a10-7b42-8c3d-112233445566' })
  tenantId: string;

  @ApiProperty({ enum: USER_STATUSES, example: 'active' })
  status: UserStatus;

  @ApiProperty({ example: 'America/Sao_Paulo' })
  timezone: string;

  @ApiProperty({ enum: LOCALES, example: 'pt-BR' })
  locale: Locale;

  @ApiProperty({ type: String, nullable: true, format: 'uri', example: null })
  avatarUrl: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null })
  emailVerifiedAt: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    example: '2026-11-20T12:00:00.000Z',
  })
  lastLoginAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-20T11:59:00.000Z' })
  createdAt: Date;
}

/** Names each field, so that a column added to the table stays private until somebody decides otherwise. */
export function toUserResponse(user: User): UserResponse {
  return {
    id: user.id,
    email: user.email,
    firstName: user.firstName,
    lastName: user.lastName,
    role: user.role,
    permissions: effectivePermissions(user.role, user.permissions),
    tenantId: user.tenantId,
    status: user.status,
    timezone: user.timezone,
    locale: user.locale,
    avatarUrl: user.avatarUrl,
    emailVerifiedAt: user.emailVerifiedAt,
    lastLoginAt: user.lastLoginAt,
    createdAt: user.createdAt,
  };
}
