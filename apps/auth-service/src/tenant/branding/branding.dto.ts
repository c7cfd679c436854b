import { ApiProperty } from '@nestjs/swagger';
import { TextLine, Omittable } from '@poc-tracker/http-service';
import { Transform, Type } from 'class-transformer';
import {
  IsEmail,
  IsObject,
  IsUrl,
  Matches,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

const MAX_URL_LENGTH = 500;
const MAX_EMAIL_LENGTH = 255;

/** What is left out stays as it is, null takes it away. */
const given = (_object: unknown, value: unknown): boolean => value !== undefined && value !== null;

class BrandingDto {
  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    format: 'uri',
    maxLength: MAX_URL_LENGTH,
    description: 'https alone: a log-in page shows it.',
    example: 'https://acme.example/logo.svg',
  })
  @ValidateIf(given)
  @MaxLength(MAX_URL_LENGTH)
  @IsUrl(
    { protocols: ['https'], require_protocol: true, disallow_auth: true },
    { message: '$property must be an https URL' },
  )
  logoUrl?: string | null;

  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    description: 'Null: that of the theme.',
    example: '#2563eb',
  })
  @ValidateIf(given)
  @Matches(/^#[0-9a-f]{6}$/i, { message: '$property must be a colour such as #2563eb' })
  primaryColor?: string | null;
}

/** What a tenant's own people change of it. */
export class UpdateTenantDto {
  @TextLine({ max: 255, example: 'Acme Ltda', required: false })
  name?: string;

  @ApiProperty({ type: BrandingDto, required: false })
  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => BrandingDto)
  branding?: BrandingDto;

  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    format: 'email',
    maxLength: MAX_EMAIL_LENGTH,
    example: 'finance@acme.example',
  })
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.trim().toLowerCase() : value,
  )
  @ValidateIf(given)
  @IsEmail()
  @MaxLength(MAX_EMAIL_LENGTH)
  billingEmail?: string | null;
}
