import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Omittable, TextLine } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { MAX_FACTOR_NAME } from '../factor.dto.js';

/** A credential's id has at most 1023 bytes (WebAuthn, 6.5.1). */
const MAX_ID = 1_364;
const MAX_CLIENT_DATA = 2_048;
/** An authenticator's answer without a chain of certificates, which is refused, is far smaller. */
const MAX_ANSWER = 16_384;
const MAX_SIGNATURE = 8_192;
const MAX_TRANSPORTS = 10;
/** A COSEAlgorithmIdentifier is a Web IDL `long` of 32 bits (WebAuthn, 5.8.5). */
const MIN_ALGORITHM = -(2 ** 31);
const MAX_ALGORITHM = 2 ** 31 - 1;

const EXAMPLE = 'Zm9yLXRoZS1leGFtcGxlLW9ubHk';

function Base64Url(maxLength: number, options: { required?: boolean } = {}): PropertyDecorator {
  const { required = true } = options;
  return applyDecorators(
    ...(required ? [] : [Omittable()]),
    IsString(),
    MaxLength(maxLength),
    Matches(/^[A-Za-z0-9_-]+$/, { message: '$property must be base64url without padding' }),
    ApiProperty({ maxLength, pattern: '^[A-Za-z0-9_-]+$', example: EXAMPLE, required }),
  );
}

function Transports(): PropertyDecorator {
  return applyDecorators(
    Omittable(),
    IsArray(),
    ArrayMaxSize(MAX_TRANSPORTS),
    Matches(/^[a-z-]{1,32}$/, { each: true, message: 'each of $property must be a transport' }),
    ApiPropertyOptional({
      type: String,
      isArray: true,
      maxItems: MAX_TRANSPORTS,
      example: ['internal', 'hybrid'],
    }),
  );
}

class AttestationDto {
  @Base64Url(MAX_CLIENT_DATA)
  clientDataJSON: string;

  @Base64Url(MAX_ANSWER)
  attestationObject: string;

  @Base64Url(MAX_ANSWER, { required: false })
  authenticatorData?: string;

  @Base64Url(MAX_ANSWER, { required: false })
  publicKey?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: MIN_ALGORITHM,
    maximum: MAX_ALGORITHM,
    example: -7,
  })
  @Omittable()
  @IsInt()
  @Min(MIN_ALGORITHM)
  @Max(MAX_ALGORITHM)
  publicKeyAlgorithm?: number;

  @Transports()
  transports?: string[];
}

class AssertionDto {
  @Base64Url(MAX_CLIENT_DATA)
  clientDataJSON: string;

  @Base64Url(MAX_ANSWER)
  authenticatorData: string;

  @Base64Url(MAX_SIGNATURE)
  signature: string;

  @Base64Url(100, { required: false })
  userHandle?: string;
}

class CredentialDto {
  @Base64Url(MAX_ID)
  id: string;

  @Base64Url(MAX_ID)
  rawId: string;

  @ApiProperty({ enum: ['public-key'], example: 'public-key' })
  @IsIn(['public-key'])
  type: 'public-key';

  @ApiPropertyOptional({ enum: ['platform', 'cross-platform'], example: 'platform' })
  @Omittable()
  @IsIn(['platform', 'cross-platform'])
  authenticatorAttachment?: 'platform' | 'cross-platform';

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Accepted as browsers send them, and not used.',
    example: {},
  })
  @IsObject()
  clientExtensionResults: object;
}

/** What `navigator.credentials.create()` returns, by its `toJSON()` (RegistrationResponseJSON). */
export class PasskeyRegistrationDto extends CredentialDto {
  @ApiProperty({ type: AttestationDto })
  @IsObject()
  @ValidateNested()
  @Type(() => AttestationDto)
  response: AttestationDto;
}

/** What `navigator.credentials.get()` returns, by its `toJSON()` (AuthenticationResponseJSON). */
export class PasskeyAssertionDto extends CredentialDto {
  @ApiProperty({ type: AssertionDto })
  @IsObject()
  @ValidateNested()
  @Type(() => AssertionDto)
  response: AssertionDto;
}

export class AddPasskeyDto {
  @TextLine({ max: MAX_FACTOR_NAME, example: 'Notebook', required: false })
  name?: string;

  @ApiProperty({ type: PasskeyRegistrationDto })
  @IsObject()
  @ValidateNested()
  @Type(() => PasskeyRegistrationDto)
  credential: PasskeyRegistrationDto;
}

export class PasskeyRequestOptionsDto {
  @ApiPropertyOptional({
    description:
      'The RP ID of the passkeys to ask for, one of `rpIds` of an earlier response. By default the host of the request.',
    maxLength: 253,
    example: 'acme.poctracker.com',
  })
  @Omittable()
  @Matches(/^[a-z0-9.-]{1,253}$/, { message: '$property must be a host name' })
  rpId?: string;
}
