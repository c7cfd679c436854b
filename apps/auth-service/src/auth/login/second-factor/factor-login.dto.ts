import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Omittable } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, IsString, Length, Matches, ValidateNested } from 'class-validator';
import { PasskeyAssertionDto } from '../../../factor/passkeys/passkey.dto.js';
import { DeviceId } from '../login.dto.js';
import { FactorProofDto } from './factor-proof.dto.js';

/** The tokens that this service issues are shorter; anything longer is not one of them. */
const MAX_CHALLENGE_TOKEN = 2_048;

export class ChallengeDto {
  @ApiProperty({
    description: 'The `challengeToken` in the details of SECOND_FACTOR_REQUIRED.',
    example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImxjK2p3dCJ9.eyJqdGkiOiIwMTkyZjBjMSJ9.c2lnbmF0dXJl',
  })
  @IsString()
  @Length(1, MAX_CHALLENGE_TOKEN)
  challengeToken: string;
}

export class FactorLoginDto extends IntersectionType(FactorProofDto, ChallengeDto) {
  @ApiPropertyOptional({
    description: 'The code of POST /auth/login/factor/email.',
    pattern: '^\\d{6}$',
    example: '042137',
  })
  @Omittable()
  @Matches(/^\d{6}$/, { message: '$property must be 6 digits' })
  emailCode?: string;

  @ApiPropertyOptional({
    description:
      'Do not ask for the second factor on this device for 30 days. Ignored unless the tenant has set security.rememberDevices.',
    example: false,
  })
  @Omittable()
  @IsBoolean()
  rememberDevice?: boolean;
}

export class PasskeyLoginDto {
  @ApiProperty({
    type: PasskeyAssertionDto,
    description: 'What the passkey answers to the options of POST /auth/passkeys/options.',
  })
  @IsObject()
  @ValidateNested()
  @Type(() => PasskeyAssertionDto)
  passkey: PasskeyAssertionDto;

  @DeviceId()
  deviceId?: string;
}
