import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { StoredForm } from '@poc-tracker/http-service';
import { canonicalTimeZone } from '@poc-tracker/text';

/** The width of the column. No name of IANA is as long. */
const MAX_ZONE_LENGTH = 64;

/** An IANA time zone, which the handler receives by its current name. */
export function TimeZone({ required }: { required: boolean }): PropertyDecorator {
  return applyDecorators(
    StoredForm('timeZone', (input) => {
      const text = input.length > MAX_ZONE_LENGTH ? null : canonicalTimeZone(input);
      return text === null ? { refusal: 'must be an IANA time zone' } : { text };
    }),
    ApiProperty({
      description: 'The name of an IANA time zone, in any case.',
      maxLength: MAX_ZONE_LENGTH,
      pattern: String.raw`^[A-Za-z][\w+/-]*$`,
      example: 'America/Recife',
      required,
    }),
  );
}
