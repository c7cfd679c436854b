import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, Matches, MaxLength } from 'class-validator';
import { EXAMPLE_REFRESH_TOKEN } from '../../session/session.response.js';
import { EmailAddress, Omittable, NameField } from '@poc-tracker/http-service';
import { MAX_PRESENTED_PASSWORD } from '../../protection/password-text.js';

/** Compact JWTs of ours stay below; anything longer is not one. */
const MAX_TOKEN_LENGTH = 4_096;

export class RegisterDto {
  @EmailAddress('ana@acme.example')
  email: string;

  @ApiProperty({
    description: 'Held against strength and leaked passwords.',
    example: 'quatro cavalos pastam longe',
  })
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  password: string;

  @NameField({ example: 'Ana', required: true })
  firstName: string;

  @NameField({ example: 'Souza', required: true })
  lastName: string;

  @ApiPropertyOptional({
    description:
      'From an invitation or from a link for many; gives the role that it was made with.',
  })
  @Omittable()
  @IsString()
  @Length(1, 512)
  inviteToken?: string;
}

function DeviceId(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      description: 'A name that the app gives this device.',
      example: 'ana-notebook',
    }),
    Omittable(),
    IsString(),
    Matches(/^[\w.:-]{1,100}$/, {
      message: '$property must be 1 to 100 letters, digits or . _ : -',
    }),
  );
}

export class LoginDto {
  @EmailAddress('ana@acme.example')
  email: string;

  @ApiProperty({ example: 'quatro cavalos pastam longe' })
  @IsString()
  @Length(1, MAX_PRESENTED_PASSWORD)
  password: string;

  @DeviceId()
  deviceId?: string;
}

export class RefreshDto {
  @ApiProperty({
    description: 'The refresh token of the last answer; each is good for one rotation.',
    example: EXAMPLE_REFRESH_TOKEN,
  })
  @IsString()
  @Length(1, MAX_TOKEN_LENGTH)
  refreshToken: string;
}

export class ChangePasswordDto {
  @ApiProperty({ example: 'quatro cavalos pastam longe' })
  @IsString()
  @Length(1, MAX_PRESENTED_PASSWORD)
  currentPassword: string;

  @ApiProperty({ example: 'cinco garças voam baixo' })
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  newPassword: string;
}

export class RenewPasswordDto extends ChangePasswordDto {
  @EmailAddress('ana@acme.example')
  email: string;

  @DeviceId()
  deviceId?: string;
}
