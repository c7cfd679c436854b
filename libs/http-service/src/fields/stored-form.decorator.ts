import { applyDecorators } from '@nestjs/common';
import type { CheckedText } from '@poc-tracker/text';
import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { NOT_TEXT } from './field-faults.js';

/**
 * Replaces a text by its stored form, which the handler receives, or refuses it.
 * @param check returns a stored form unchanged, because it runs for the conversion and again for the validation
 */
export function StoredForm(name: string, check: (input: string) => CheckedText): PropertyDecorator {
  const checked = (value: unknown): CheckedText =>
    typeof value === 'string' ? check(value) : { refusal: NOT_TEXT };
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => {
      const result = checked(value);
      return 'text' in result ? result.text : value;
    }),
    ValidateBy({
      name,
      validator: {
        validate: (value) => 'text' in checked(value),
        defaultMessage: (argument?: ValidationArguments) => {
          const result = checked(argument?.value);
          return 'refusal' in result ? `$property ${result.refusal}` : '';
        },
      },
    }),
  );
}
