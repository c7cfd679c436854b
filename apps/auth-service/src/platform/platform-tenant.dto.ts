import {
  type Plan,
  PLANS,
  RESERVED_SUBDOMAINS,
  TENANT_STATUSES,
  type TenantStatus,
} from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  EmailAddress,
  Omittable,
  PageQuery,
  PersonName,
  TextLine,
} from '@poc-tracker/http-service';
import { IsIn, IsNotIn, IsString, Length, Matches, MaxLength } from 'class-validator';

/** Longest label of a domain name (RFC 1035, 2.3.4). */
const MAX_LABEL_LENGTH = 63;

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

/** A tenant that an operator makes, with its first admin. */
export class CreatePlatformTenantDto {
  @TextLine({ max: 255, example: 'Initech Ltda' })
  name: string;

  @ApiProperty({
    minLength: 1,
    maxLength: MAX_LABEL_LENGTH,
    pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
    description: `Small letters, digits and inner hyphens. Kept back: ${RESERVED_SUBDOMAINS.join(', ')}.`,
    example: 'initech',
  })
  @IsString()
  @Length(1, MAX_LABEL_LENGTH)
  @Matches(/^[a-z0-9-]+$/, {
    message: '$property must consist of small letters, digits and hyphens',
  })
  @Matches(/^(?!-)[^]*(?<!-)$/, { message: '$property must neither start nor end with a hyphen' })
  @IsNotIn([...RESERVED_SUBDOMAINS], {
    message: '$property is a name that the product keeps for itself',
  })
  subdomain: string;

  @EmailAddress('admin@initech.example')
  adminEmail: string;

  @PersonName({ example: 'Ana', required: false })
  adminFirstName?: string;

  @PersonName({ example: 'Souza', required: false })
  adminLastName?: string;

  @ApiPropertyOptional({ enum: PLANS, default: 'basic', example: 'basic' })
  @Omittable()
  @IsIn(PLANS)
  planType: Plan = 'basic';
}

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
