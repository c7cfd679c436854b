import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { checkLine, checkText } from '@poc-tracker/text';
import { Omittable } from './omittable.decorator.js';
import { StoredForm } from './stored-form.decorator.js';

/**
 * The part of the rule that general categories can state, which all engines with `\p` know: a visible character, and no
 * control, format, unassigned or private one, except joiners and the tags of flags.
 */
const ONE_LINE = String.raw`^(?=.*[\p{L}\p{N}\p{P}\p{S}])(?:[\u200C\u200D\u{E0061}-\u{E007F}]|[^\p{C}\p{Zl}\p{Zp}])*$`;

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
    ApiProperty({ minLength: 1, maxLength: max, pattern: ONE_LINE, example, required }),
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
