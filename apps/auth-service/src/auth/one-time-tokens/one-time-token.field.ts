import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';

/** Longer than any token. What is shorter is refused as a token, so that a cut off one gets the same answer as a used one. */
const MAX_TOKEN = 512;

/** The token of a link in a mail. */
export function OneTimeTokenField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      description: 'The token of the link, which is behind `#token=`.',
      example: 'pto1_Yc0nT3sTq1b7oLr5x2mVw8uJk4hGd9eFzA6iRsPnB0t',
    }),
    IsString(),
    Length(1, MAX_TOKEN),
  );
}

/** A code in a mail. */
export function OneTimeCodeField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description: 'The six digits of the code.', example: '042137' }),
    IsString(),
    Matches(/^\d{6}$/, { message: '$property must be six digits' }),
  );
}
