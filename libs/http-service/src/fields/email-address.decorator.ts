import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { checkEmail, MAX_EMAIL_OCTETS } from '@poc-tracker/text';
import { StoredForm } from './stored-form.decorator.js';

/** An email address, which the handler receives in its one form. */
export function EmailAddress(example: string): PropertyDecorator {
  return applyDecorators(
    StoredForm('emailAddress', checkEmail),
    ApiProperty({ format: 'email', maxLength: MAX_EMAIL_OCTETS, example }),
  );
}
