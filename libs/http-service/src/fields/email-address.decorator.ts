import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, MaxLength } from 'class-validator';

/** Longest e-mail address that a user can have; the column's width. */
const MAX_EMAIL_LENGTH = 255;

/** The form under which an address is stored and compared. */
function normalizeEmail(value: unknown): unknown {
  return typeof value === 'string' ? value.trim().toLowerCase() : value;
}

/** The property is an e-mail address; it reaches the handler trimmed and in lower case. */
export function EmailAddress(example: string): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) => normalizeEmail(value)),
    IsEmail(),
    MaxLength(MAX_EMAIL_LENGTH),
    ApiProperty({ format: 'email', maxLength: MAX_EMAIL_LENGTH, example }),
  );
}
