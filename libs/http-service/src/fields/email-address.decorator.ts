import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, MaxLength } from 'class-validator';

/** The width of the column. */
const MAX_EMAIL_LENGTH = 255;

/** Addresses are stored and compared in this form. */
function normalizeEmail(value: unknown): unknown {
  return typeof value === 'string' ? value.trim().toLowerCase() : value;
}

/** An e-mail address, which the handler receives trimmed and in lower case. */
export function EmailAddress(example: string): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) => normalizeEmail(value)),
    IsEmail(),
    MaxLength(MAX_EMAIL_LENGTH),
    ApiProperty({ format: 'email', maxLength: MAX_EMAIL_LENGTH, example }),
  );
}
