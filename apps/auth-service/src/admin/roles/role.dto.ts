import { type Permission, PERMISSIONS } from '@poc-tracker/contracts';
import { Omittable, TextLine, Update } from '@poc-tracker/http-service';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, ValidateIf } from 'class-validator';
import { applyDecorators } from '@nestjs/common';

function Description(): PropertyDecorator {
  return applyDecorators(
    TextLine({ max: 500, example: 'Sees usage, changes nothing.', required: false }),
    ApiPropertyOptional({ type: String, nullable: true }),
    ValidateIf((_object, value) => value !== undefined && value !== null),
  );
}

/** A custom role. Users may only add permissions that they have. */
export class CreateRoleDto {
  @TextLine({ max: 50, example: 'Auditor' })
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
  @TextLine({ max: 50, example: 'Auditor', required: false })
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
