import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';
import { Omittable } from './omittable.decorator.js';

/** A line break in a name could forge a mail header or a line of an export. */
const NO_CONTROL_CHARACTERS = /^\P{Cc}*$/u;

/** One line of text, trimmed, of 1 to `max` characters. */
export function TextLine(options: {
  max: number;
  example: string;
  required?: boolean;
}): PropertyDecorator {
  const { max, example, required = true } = options;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? value.trim() : value,
    ),
    ...(required ? [] : [Omittable()]),
    IsString(),
    Length(1, max),
    Matches(NO_CONTROL_CHARACTERS, { message: '$property must not contain control characters' }),
    ApiProperty({ minLength: 1, maxLength: max, example, required }),
  );
}

/** A first or last name. */
export function NameField(options: { example: string; required: boolean }): PropertyDecorator {
  return TextLine({ max: 50, ...options });
}
