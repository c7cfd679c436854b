import { IsDomainName } from '../../../tenant/domains/domain-name.decorator.js';
import type { Role } from '@poc-tracker/contracts';
import { Omittable } from '@poc-tracker/http-service';
import { normalizeDomain } from '@poc-tracker/text';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  Max,
  Min,
} from 'class-validator';

/** Anyone who has the link gets its role, hence never admin. */
export const LINK_ROLES = ['viewer', 'user', 'manager'] as const satisfies readonly Role[];

/** The limit of the column. */
const MAX_QUOTA = 10_000;

/** Thirty days: a link that is shared for longer reaches people it was not meant for. */
const MAX_HOURS = 720;

const MAX_DOMAINS = 50;

/** The limit of a domain name (RFC 1035, 2.3.4), written without the root. */
const MAX_DOMAIN_LENGTH = 253;

const normalized = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((item: unknown) =>
        typeof item === 'string' ? (normalizeDomain(item) ?? item) : item,
      )
    : value;

export class CreateInvitationLinkDto {
  @ApiProperty({
    enum: LINK_ROLES,
    description: 'Not above your own role, and never admin.',
    example: 'user',
  })
  @IsIn(LINK_ROLES)
  role: (typeof LINK_ROLES)[number];

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_QUOTA,
    description: 'How many users may register with it.',
    example: 20,
  })
  @IsInt()
  @Min(1)
  @Max(MAX_QUOTA)
  quota: number;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', format: 'hostname', maxLength: MAX_DOMAIN_LENGTH },
    description:
      'The email domains that it accepts. A domain does not include its subdomains: acme.example does not match ' +
      'mail.acme.example. If omitted or empty, it accepts any.',
    example: ['acme.example'],
  })
  @Transform(({ value }) => normalized(value))
  @Omittable()
  @IsArray()
  @ArrayMaxSize(MAX_DOMAINS)
  @ArrayUnique()
  @IsString({ each: true })
  @IsDomainName({
    each: true,
    message: 'each of $property must be a domain such as acme.com.br',
  })
  allowedDomains: string[] = [];

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_HOURS,
    default: 24,
    description: 'Hours until it expires.',
    example: 24,
  })
  @Omittable()
  @IsInt()
  @Min(1)
  @Max(MAX_HOURS)
  expiresInHours = 24;
}
