import {
  type Permission,
  PERMISSIONS,
  type Role,
  ROLES,
  USER_STATUSES,
  type UserStatus,
} from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayUnique,
  IsArray,
  IsIn,
  IsString,
  IsUUID,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import {
  EmailAddress,
  NextCursor,
  Omittable,
  PageQuery,
  NameField,
  TextLine,
} from '@poc-tracker/http-service';
import { UpdateProfileDto } from '../user/profile.dto.js';
import { UserResponse } from '../user/user.response.js';
import { MAX_PRESENTED_PASSWORD } from '../protection/password-text.js';

/** Ids are compared in the spelling of the database. */
const inLowerCase = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.toLowerCase() : value;

export class ListUsersQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ROLES, example: 'user' })
  @Omittable()
  @IsIn(ROLES)
  role?: Role;

  @ApiPropertyOptional({ enum: USER_STATUSES, example: 'active' })
  @Omittable()
  @IsIn(USER_STATUSES)
  status?: UserStatus;

  @ApiPropertyOptional({ format: 'uuid', description: 'Those who have this role of the tenant.' })
  @Omittable()
  @Transform(inLowerCase)
  @IsUUID()
  customRoleId?: string;

  @ApiPropertyOptional({
    description:
      'How the e-mail address, the name or the last name begins, without regard to case; in names also to accents.',
  })
  @TextLine({ max: 100, example: 'ana so', required: false })
  q?: string;
}

export class CreateUserDto {
  @EmailAddress('bia@acme.example')
  email: string;

  @NameField({ example: 'Bia', required: true })
  firstName: string;

  @NameField({ example: 'Lima', required: true })
  lastName: string;

  @ApiProperty({ enum: ROLES, description: 'At most the own role.', example: 'user' })
  @IsIn(ROLES)
  role: Role;

  @ApiPropertyOptional({
    description: 'For the first log-in, which asks for another one. Left out: one is made up.',
    example: 'quatro cavalos pastam longe',
  })
  @Omittable()
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  password?: string;
}

/** Fields that are left out stay as they are. */
export class UpdateUserDto extends UpdateProfileDto {
  @ApiPropertyOptional({ description: 'A new address is not verified.' })
  @Omittable()
  @EmailAddress('bia@acme.example')
  email?: string;
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

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'uuid',
    description:
      "One of the tenant's own roles, beside the other one. Null: none; left out: as it is.",
    example: null,
  })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @Transform(inLowerCase)
  @IsUUID()
  customRoleId?: string | null;
}

export class UserPageResponse {
  @ApiProperty({ type: UserResponse, isArray: true })
  users: UserResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export class CreatedUserResponse {
  @ApiProperty({ type: UserResponse })
  user: UserResponse;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The password that was made up, shown this once; null when one was given.',
    example: 'k7wqd-3mzhp-x9rta-e4vbn',
  })
  temporaryPassword: string | null;
}
