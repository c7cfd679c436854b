import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { EmailAddress, Omittable } from '@poc-tracker/http-service';
import { IsString, Length, Matches } from 'class-validator';
import { CurrentPassword } from '../../protection/passwords/password-field.decorator.js';
import { EXAMPLE_REFRESH_TOKEN } from '../../session/session.response.js';

/** The tokens that this service issues are shorter; anything longer is not one of them. */
const MAX_TOKEN_LENGTH = 4_096;

export function DeviceId(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      description: 'A name that the app gives to this device.',
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

  @CurrentPassword()
  password: string;

  @DeviceId()
  deviceId?: string;
}

export class RefreshDto {
  @ApiProperty({
    description: 'The refresh token of the last response. It can be used once.',
    example: EXAMPLE_REFRESH_TOKEN,
  })
  @IsString()
  @Length(1, MAX_TOKEN_LENGTH)
  refreshToken: string;
}
