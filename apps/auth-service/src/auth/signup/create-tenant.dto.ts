import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Plan, PLANS, RESERVED_SUBDOMAINS } from '@poc-tracker/contracts';
import { IsIn, IsNotIn, IsString, Length, Matches, MaxLength } from 'class-validator';
import { EmailAddress, Omittable, NameField, TextLine } from '@poc-tracker/http-service';
import { MAX_PRESENTED_PASSWORD } from '../../protection/password-text.js';

/** Longest label of a domain name (RFC 1035, 2.3.4). */
const MAX_LABEL_LENGTH = 63;

/** A new tenant and its first admin. */
export class CreateTenantDto {
  @TextLine({ max: 255, example: 'Initech Ltda' })
  name: string;

  @ApiProperty({
    minLength: 1,
    maxLength: MAX_LABEL_LENGTH,
    pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
    description: `Lower-case letters, digits and hyphens; starts and ends with a letter or digit. Reserved: ${RESERVED_SUBDOMAINS.join(', ')}.`,
    example: 'initech',
  })
  @IsString()
  @Length(1, MAX_LABEL_LENGTH)
  @Matches(/^[a-z0-9-]+$/, {
    message: '$property must consist of lower-case letters, digits and hyphens',
  })
  @Matches(/^(?!-)[^]*(?<!-)$/, { message: '$property must not start or end with a hyphen' })
  @IsNotIn([...RESERVED_SUBDOMAINS], {
    message: '$property is reserved',
  })
  subdomain: string;

  @EmailAddress('admin@initech.example')
  adminEmail: string;

  @ApiProperty({
    description: 'Must be strong and not among leaked passwords.',
    example: 'quatro cavalos pastam longe',
  })
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  adminPassword: string;

  @NameField({ example: 'Ana', required: false })
  adminFirstName?: string;

  @NameField({ example: 'Souza', required: false })
  adminLastName?: string;

  @ApiPropertyOptional({ enum: PLANS, default: 'basic', example: 'basic' })
  @Omittable()
  @IsIn(PLANS)
  planType: Plan = 'basic';
}
