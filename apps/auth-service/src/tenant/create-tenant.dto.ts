import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Plan, PLANS, RESERVED_SUBDOMAINS } from '@poc-tracker/contracts';
import { Transform } from 'class-transformer';
import {
  IsEmail,
  IsIn,
  IsNotIn,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';

/** Longest label of a domain name (RFC 1035, 2.3.4). */
const MAX_LABEL_LENGTH = 63;

/**
 * Bounds what the password policy looks at; its own limit, in characters, is lower and speaks more
 * clearly.
 */
const MAX_PRESENTED_PASSWORD = 1_024;

/** A tenant to be made, and its first admin. */
export class CreateTenantDto {
  @ApiProperty({ minLength: 1, maxLength: 255, example: 'Initech Ltda' })
  @Line(1, 255)
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

  @ApiProperty({ format: 'email', maxLength: 255, example: 'admin@initech.example' })
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.trim().toLowerCase() : value,
  )
  @IsEmail()
  @MaxLength(255)
  adminEmail: string;

  @ApiProperty({
    description: 'Held against strength and leaked passwords.',
    example: 'quatro cavalos pastam longe',
  })
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  adminPassword: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 50, example: 'Ana' })
  @Omittable()
  @Line(1, 50)
  adminFirstName?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 50, example: 'Souza' })
  @Omittable()
  @Line(1, 50)
  adminLastName?: string;

  @ApiPropertyOptional({ enum: PLANS, default: 'basic', example: 'basic' })
  @Omittable()
  @IsIn(PLANS)
  planType: Plan = 'basic';
}

/**
 * One line of text, trimmed; a control character in it would forge lines of mails, exports and
 * logs.
 */
function Line(min: number, max: number): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? value.trim() : value,
    ),
    IsString(),
    Length(min, max),
    Matches(/^\P{Cc}*$/u, { message: '$property must not contain control characters' }),
  );
}

/** May be left out. IsOptional would let null through as well, over the default. */
function Omittable(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}
