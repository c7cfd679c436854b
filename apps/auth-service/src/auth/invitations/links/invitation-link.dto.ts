import type { Role } from '@poc-tracker/contracts';
import { Omittable } from '@poc-tracker/http-service';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  Matches,
  Max,
  Min,
} from 'class-validator';

/** Whoever holds a link gets its role, hence never the one that owns the tenant. */
export const LINK_ROLES = ['viewer', 'user', 'manager'] as const satisfies readonly Role[];

/** The column's bound as well. */
const MAX_QUOTA = 10_000;

/** Thirty days: a link that is passed around for longer gets to people whom nobody meant. */
const MAX_HOURS = 720;

const MAX_DOMAINS = 50;

const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

const lowerCase = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((item: unknown) => (typeof item === 'string' ? item.trim().toLowerCase() : item))
    : value;

export class CreateInvitationLinkDto {
  @ApiProperty({
    enum: LINK_ROLES,
    description: 'At most the own role, and never admin.',
    example: 'user',
  })
  @IsIn(LINK_ROLES)
  role: (typeof LINK_ROLES)[number];

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_QUOTA,
    description: 'How many people may join by it.',
    example: 20,
  })
  @IsInt()
  @Min(1)
  @Max(MAX_QUOTA)
  quota: number;

  @ApiPropertyOptional({
    type: String,
    isArray: true,
    description:
      'Domains whose addresses it is for, each as a whole: acme.example does not stand for mail.acme.example. ' +
      'Left out or empty: any address.',
    example: ['acme.example'],
  })
  @Transform(({ value }) => lowerCase(value))
  @Omittable()
  @IsArray()
  @ArrayMaxSize(MAX_DOMAINS)
  @ArrayUnique()
  @IsString({ each: true })
  @Matches(DOMAIN, {
    each: true,
    message: 'each of $property must be a domain such as acme.com.br',
  })
  allowedDomains: string[] = [];

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_HOURS,
    default: 24,
    description: 'Hours until it ends.',
    example: 24,
  })
  @Omittable()
  @IsInt()
  @Min(1)
  @Max(MAX_HOURS)
  expiresInHours = 24;
}
