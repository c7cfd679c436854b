import { type Plan, PLANS, TENANT_STATUSES, type TenantStatus } from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Omittable, PageQuery, TextLine } from '@poc-tracker/http-service';
import { IsIn, IsString, MaxLength } from 'class-validator';
import { CreateTenantDto } from '../../auth/signup/create-tenant.dto.js';

const MAX_REASON = 500;

export class ListTenantsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: TENANT_STATUSES, example: 'active' })
  @Omittable()
  @IsIn(TENANT_STATUSES)
  status?: TenantStatus;

  @ApiPropertyOptional({ enum: PLANS, example: 'pro' })
  @Omittable()
  @IsIn(PLANS)
  plan?: Plan;

  @ApiPropertyOptional({
    description: 'The start of the name or the subdomain. Ignores case, and in names also accents.',
  })
  @TextLine({ max: 100, example: 'ac', required: false })
  search?: string;
}

/** A tenant that an operator creates. Its first admin gets a temporary password. */
export class CreatePlatformTenantDto extends OmitType(CreateTenantDto, [
  'adminPassword',
  'deviceId',
]) {}

/** The reason of a change, which is recorded in the tenant's audit log. */
export class TenantReasonDto {
  @TextLine({ max: MAX_REASON, example: 'The invoice of October is not paid.' })
  reason: string;
}

export class PurgeTenantDto extends TenantReasonDto {
  @ApiProperty({
    maxLength: 100,
    description: 'The subdomain of the tenant, as a confirmation.',
    example: 'initech',
  })
  @IsString()
  @MaxLength(100)
  confirmSubdomain: string;
}
