import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { TextLine } from '@poc-tracker/http-service';
import { Matches } from 'class-validator';
import { MAX_FACTOR_NAME } from '../factor.dto.js';

/** A code of an authenticator app. */
export function TotpCode(): PropertyDecorator {
  return applyDecorators(
    Matches(/^\d{6}$/, { message: '$property must be the six digits that the app shows' }),
    ApiProperty({ pattern: '^[0-9]{6}$', example: '492039' }),
  );
}

export class StartTotpDto {
  @TextLine({ max: MAX_FACTOR_NAME, example: 'Phone', required: false })
  name?: string;
}

export class ConfirmTotpDto {
  @TotpCode()
  code: string;
}
