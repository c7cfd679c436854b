import { ApiProperty } from '@nestjs/swagger';
import { EmailAddress, Omittable, TextLine } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import {
  IsIn,
  IsObject,
  IsString,
  Matches,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { IsDomainName } from '../../tenant/domains/domain-name.decorator.js';

/** The ports of mail submission. Others would make the service knock at ports of other programs. */
const SMTP_PORTS = [25, 465, 587, 2525] as const;

const MAX_PASSWORD = 255;

const isSet = (_object: unknown, value: unknown): boolean => value !== undefined && value !== null;

class TenantServerDto {
  @ApiProperty({ maxLength: 253, format: 'hostname', example: 'smtp.acme.example' })
  @MaxLength(253)
  @IsDomainName({ message: '$property must be the name of a host, such as smtp.acme.example' })
  host: string;

  @ApiProperty({
    enum: SMTP_PORTS,
    description: 'TLS is required: from the start on port 465, by STARTTLS on the others.',
    example: 587,
  })
  @IsIn(SMTP_PORTS)
  port: number;

  @TextLine({ max: 255, example: 'mailer', required: false })
  user?: string;

  @ApiProperty({
    required: false,
    writeOnly: true,
    minLength: 1,
    maxLength: MAX_PASSWORD,
    pattern: '^[\\x20-\\x7e]+$',
    description:
      'It is stored encrypted, and no route returns it. If it is omitted, the stored one stays, unless the host, port or user changes.',
    example: 'correct horse battery staple',
  })
  @Omittable()
  @IsString()
  @MaxLength(MAX_PASSWORD)
  @Matches(/^[\x20-\x7e]+$/, { message: '$property must be 1 or more printable ASCII characters' })
  password?: string;
}

/** How the mails of a tenant are sent. A field that is omitted is not set. */
export class ReplaceMailSettingsDto {
  @TextLine({ max: 100, example: 'Acme Support', required: false })
  senderName?: string;

  @ApiProperty({ type: String, required: false, nullable: true })
  @ValidateIf(isSet)
  @EmailAddress('support@acme.example')
  senderAddress?: string | null;

  @ApiProperty({ type: String, required: false, nullable: true })
  @ValidateIf(isSet)
  @EmailAddress('help@acme.example')
  replyTo?: string | null;

  @ApiProperty({ type: TenantServerDto, required: false, nullable: true })
  @ValidateIf(isSet)
  @IsObject()
  @ValidateNested()
  @Type(() => TenantServerDto)
  smtp?: TenantServerDto | null;
}
