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
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, IsUUID, ValidateIf } from 'class-validator';
import {
  EmailAddress,
  NextCursor,
  Omittable,
  PageQuery,
  NameField,
  TextLine,
  Update,
} from '@poc-tracker/http-service';
import { UpdateProfileDto } from '../user/profile/profile.dto.js';
import { UserResponse } from '../user/user.response.js';
import { NewPassword } from '../protection/passwords/password-field.decorator.js';

/** The database returns ids in lower case; compare them in that form. */
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

  @ApiPropertyOptional({ format: 'uuid', description: 'Only users with this custom role.' })
  @Omittable()
  @Transform(inLowerCase)
  @IsUUID()
  customRoleId?: string;

  @ApiPropertyOptional({
    description:
      'The start of the email address, the full name or the last name. Ignores case, and in names also accents.',
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

  @ApiProperty({ enum: ROLES, description: 'Not above your own role.', example: 'user' })
  @IsIn(ROLES)
  role: Role;

  @NewPassword({
    required: false,
    description:
      'For the first log-in, which requires a new one. If omitted, a password is generated.',
  })
  password?: string;
}

/** Omitted fields keep their values. */
@Update()
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
      'Personal permissions, in addition to those of the role. If omitted, they stay unchanged.',
    example: ['view_usage'],
  })
  @Omittable()
  @IsArray()
  @ArrayMaxSize(PERMISSIONS.length)
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  permissions?: Permission[];

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'uuid',
    description:
      'A custom role of the tenant, in addition to the role. Null removes it; if omitted, it stays unchanged.',
    example: null,
  })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @Transform(inLowerCase)
  @IsUUID()
  customRoleId?: string | null;
}

export class UserDetailsResponse extends UserResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description:
      'When the lockout ends. Null if the account is not locked. Known devices are exempt.',
    example: null,
  })
  lockedUntil: Date | null;
}

export class UserPageResponse {
  @ApiProperty({ type: UserResponse, isArray: true })
  items: UserResponse[];

  @NextCursor()
  nextCursor: string | null;
}

const PASSWORD_EXPIRY = {
  type: String,
  format: 'date-time',
  description: 'When the password expires, unless the user replaces it.',
  example: '2026-11-23T12:00:00.000Z',
};

export class CreatedUserResponse {
  @ApiProperty({ type: UserResponse })
  user: UserResponse;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The generated password, returned only once. Null if the request contains a password.',
    example: 'k7wqd-3mzhp-x9rta-e4vbn',
  })
  temporaryPassword: string | null;

  @ApiProperty(PASSWORD_EXPIRY)
  expiresAt: Date;
}

export class TemporaryPasswordResponse {
  @ApiProperty({ type: UserResponse })
  user: UserResponse;

  @ApiProperty({
    description: 'The generated password, returned only once.',
    example: 'k7wqd-3mzhp-x9rta-e4vbn',
  })
  temporaryPassword: string;

  @ApiProperty(PASSWORD_EXPIRY)
  expiresAt: Date;
}
