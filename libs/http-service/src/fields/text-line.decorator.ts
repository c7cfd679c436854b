import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { checkLine, checkText, LINE_PATTERN } from '@poc-tracker/text';
import { Omittable } from './omittable.decorator.js';
import { StoredForm } from './stored-form.decorator.js';

/** One line of text, trimmed and in NFC, of 1 to `max` characters, one of them visible. */
export function TextLine(options: {
  max: number;
  example: string;
  required?: boolean;
}): PropertyDecorator {
  const { max, example, required = true } = options;
  return applyDecorators(
    ...(required ? [] : [Omittable()]),
    StoredForm('textLine', (input) => checkLine(input, max)),
    ApiProperty({ minLength: 1, maxLength: max, pattern: LINE_PATTERN, example, required }),
  );
}

/** A text of any number of lines, trimmed and in NFC, of up to `max` characters. It may be omitted and empty. */
export function TextBlock(options: { max: number; example: string }): PropertyDecorator {
  const { max, example } = options;
  return applyDecorators(
    Omittable(),
    StoredForm('textBlock', (input) => checkText(input, max)),
    ApiProperty({ maxLength: max, example, required: false }),
  );
}

/** A first or last name. */
export function NameField(options: { example: string; required: boolean }): PropertyDecorator {
  return TextLine({ max: 50, ...options });
}
