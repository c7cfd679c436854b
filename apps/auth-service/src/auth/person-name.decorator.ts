import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';
import { Omittable } from './omittable.decorator.js';

/** A line break in a name would forge a header of a mail or a line of an export. */
const NO_CONTROL_CHARACTERS = /^\P{Cc}*$/u;

/** The property is a first or last name of 1 to 50 characters, trimmed. */
export function PersonName(options: { example: string; required: boolean }): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? value.trim() : value,
    ),
    ...(options.required ? [] : [Omittable()]),
    IsString(),
    Length(1, 50),
    Matches(NO_CONTROL_CHARACTERS, { message: '$property must not contain control characters' }),
    ApiProperty({
      minLength: 1,
      maxLength: 50,
      example: options.example,
      required: options.required,
    }),
  );
}
