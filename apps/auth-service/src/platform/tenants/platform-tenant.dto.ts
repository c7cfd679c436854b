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
    maxLength: 100,
    description: 'How the name or the subdomain begins, in capital or small letters.',
    example: 'ac',
  })
  @Omittable()
  @IsString()
  @MaxLength(100)
  search?: string;
}

/** A tenant that an operator makes, with its first admin, who is given a password. */
export class CreatePlatformTenantDto extends OmitType(CreateTenantDto, ['adminPassword']) {}

/** Why a tenant's state is changed; kept in its audit trail. */
export class TenantReasonDto {
  @TextLine({ max: MAX_REASON, example: 'The invoice of October is not paid.' })
  reason: string;
}

export class PurgeTenantDto extends TenantReasonDto {
  @ApiProperty({
    maxLength: 100,
    description: 'The subdomain of the tenant once more, against a slip of the hand.',
    example: 'initech',
  })
  @IsString()
  @MaxLength(100)
  confirmSubdomain: string;
}
