import { type Permission, PERMISSIONS, type Role, ROLES } from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayUnique, IsArray, IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { Omittable } from '@poc-tracker/http-service';
import { UserResponse } from '../auth/user.response.js';

export class ListUsersQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 50, example: 20 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 50;

  @ApiPropertyOptional({ description: 'nextCursor of the page before.' })
  @IsOptional()
  @IsString()
  cursor?: string;
}

export class AssignRoleDto {
  @ApiProperty({ enum: ROLES, example: 'manager' })
  @IsIn(ROLES)
  role: Role;

  @ApiPropertyOptional({
    enum: PERMISSIONS,
    isArray: true,
    description:
      'Permissions of the person beside those of the role. Left out: they stay as they are.',
    example: ['view_usage'],
  })
  @Omittable()
  @IsArray()
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  permissions?: Permission[];
}

export class UserPageResponse {
  @ApiProperty({ type: UserResponse, isArray: true })
  users: UserResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null on the last page.',
    example: null,
  })
  nextCursor: string | null;
}
