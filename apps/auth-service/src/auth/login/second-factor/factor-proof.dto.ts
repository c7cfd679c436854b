import { ApiPropertyOptional } from '@nestjs/swagger';
import { ApiError } from '@poc-tracker/contracts';
import { Omittable } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import { IsObject, IsString, Length, Matches, ValidateNested } from 'class-validator';
import type { FactorProof } from '../../../factor/factor-verification.service.js';
import { PasskeyAssertionDto } from '../../../factor/passkeys/passkey.dto.js';

/** One proof of a second factor. */
export class FactorProofDto {
  @ApiPropertyOptional({
    description: 'The code that an authenticator app shows.',
    pattern: '^\\d{6}$',
    example: '492039',
  })
  @Omittable()
  @Matches(/^\d{6}$/, { message: '$property must be 6 digits' })
  totp?: string;

  @ApiPropertyOptional({
    description: 'A recovery code. Each can be used once.',
    minLength: 1,
    maxLength: 64,
  })
  @Omittable()
  @IsString()
  @Length(1, 64)
  recoveryCode?: string;

  @ApiPropertyOptional({
    type: PasskeyAssertionDto,
    description: 'What a passkey answers to the options of POST /auth/passkeys/options.',
  })
  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => PasskeyAssertionDto)
  passkey?: PasskeyAssertionDto;
}

/**
 * The one proof of a body.
 * @throws ApiError VALIDATION_ERROR if there is none or more than one.
 */
export function factorProofOf({ totp, recoveryCode, passkey }: FactorProofDto): FactorProof {
  const [proof, ...others] = [
    ...(totp === undefined ? [] : [{ totp }]),
    ...(recoveryCode === undefined ? [] : [{ recoveryCode }]),
    ...(passkey === undefined ? [] : [{ passkey }]),
  ] as FactorProof[];
  if (proof === undefined || others.length > 0)
    throw ApiError.validation({
      field: 'totp',
      message: 'must be sent, or one of recoveryCode and passkey in its place',
    });
  return proof;
}
