import { ApiProperty } from '@nestjs/swagger';
import { EmailAddress, HttpsUrl, Omittable, TextLine, Update } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import { IsObject, Matches, ValidateIf, ValidateNested } from 'class-validator';

/** An omitted field stays as it is; null clears it. */
const isSet = (_object: unknown, value: unknown): boolean => value !== undefined && value !== null;

@Update()
class BrandingDto {
  @HttpsUrl({
    description: 'An https URL. Log-in pages show the logo. Null removes it.',
    example: 'https://acme.example/logo.svg',
  })
  logoUrl?: string | null;

  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    description: 'If null, the color of the theme applies.',
    example: '#2563eb',
  })
  @ValidateIf(isSet)
  @Matches(/^#[0-9a-fA-F]{6}$/, { message: '$property must be a color such as #2563eb' })
  primaryColor?: string | null;
}

/** The fields of a tenant that its admins may change. */
@Update()
export class UpdateTenantDto {
  @TextLine({ max: 255, example: 'Acme Ltda', required: false })
  name?: string;

  @ApiProperty({ type: BrandingDto, required: false })
  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => BrandingDto)
  branding?: BrandingDto;

  @ApiProperty({ type: String, required: false, nullable: true })
  @ValidateIf(isSet)
  @EmailAddress('finance@acme.example')
  billingEmail?: string | null;
}
