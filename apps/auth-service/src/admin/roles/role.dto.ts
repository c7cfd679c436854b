import { type Permission, PERMISSIONS } from '@poc-tracker/contracts';
import { Omittable, TextLine, Update } from '@poc-tracker/http-service';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { hasRecommendedScripts } from '@poc-tracker/text';
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, ValidateBy, ValidateIf } from 'class-validator';
import { applyDecorators } from '@nestjs/common';

function RoleName(options: { required: boolean }): PropertyDecorator {
  return applyDecorators(
    TextLine({ max: 50, example: 'Auditor', ...options }),
    ApiProperty({
      description:
        'Unique in the tenant. Names of built-in roles are reserved, and so are names that look like one of them, such as ' +
        'adm1n. Letters are those of scripts in widespread use (Recommended Scripts of UAX #31).',
      ...options,
    }),
    ValidateBy(
      {
        name: 'hasRecommendedScripts',
        validator: {
          validate: (value) => typeof value !== 'string' || hasRecommendedScripts(value),
        },
      },
      { message: '$property must not contain letters of historic or rarely used scripts' },
    ),
  );
}

function Description(): PropertyDecorator {
  return applyDecorators(
    TextLine({ max: 500, example: 'Sees usage, changes nothing.', required: false }),
    ApiPropertyOptional({ type: String, nullable: true }),
    ValidateIf((_object, value) => value !== undefined && value !== null),
  );
}

/** A custom role. Users may only add permissions that they have. */
export class CreateRoleDto {
  @RoleName({ required: true })
  name: string;

  @Description()
  description?: string | null;

  @ApiProperty({ enum: PERMISSIONS, isArray: true, example: ['view_usage'] })
  @IsArray()
  @ArrayMaxSize(PERMISSIONS.length)
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  permissions: Permission[];
}

/** Omitted fields keep their values. */
@Update()
export class UpdateRoleDto {
  @RoleName({ required: false })
  name?: string;

  @Description()
  description?: string | null;

  @ApiPropertyOptional({ enum: PERMISSIONS, isArray: true, example: ['view_usage', 'view_audit'] })
  @Omittable()
  @IsArray()
  @ArrayMaxSize(PERMISSIONS.length)
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  permissions?: Permission[];
}
