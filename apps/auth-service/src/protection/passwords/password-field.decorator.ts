import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Omittable } from '@poc-tracker/http-service';
import { IsString, Length, MaxLength } from 'class-validator';
import {
  MAX_PASSWORD_LENGTH,
  MAX_PRESENTED_PASSWORD,
  MIN_PASSWORD_LENGTH,
} from './password-text.js';

const EXAMPLE = 'amber kettle river 41';

/** A password to log in with. Its bounds only limit the cost of a check. */
export function CurrentPassword(): PropertyDecorator {
  return applyDecorators(
    IsString(),
    Length(1, MAX_PRESENTED_PASSWORD),
    ApiProperty({ minLength: 1, maxLength: MAX_PRESENTED_PASSWORD, example: EXAMPLE }),
  );
}

/** A password to set. The password policy, which measures the normalized text, enforces the documented bounds. */
export function NewPassword(
  options: { required?: boolean; description?: string; example?: string } = {},
): PropertyDecorator {
  const {
    required = true,
    description = 'Must be strong and not among leaked passwords. A tenant may require more characters (security.passwordMinLength).',
    example = EXAMPLE,
  } = options;
  return applyDecorators(
    ...(required ? [] : [Omittable()]),
    IsString(),
    MaxLength(MAX_PRESENTED_PASSWORD),
    ApiProperty({
      description,
      minLength: MIN_PASSWORD_LENGTH,
      maxLength: MAX_PASSWORD_LENGTH,
      example,
      required,
    }),
  );
}
