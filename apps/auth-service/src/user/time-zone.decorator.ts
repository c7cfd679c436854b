import { StoredForm } from '@poc-tracker/http-service';
import { canonicalTimeZone } from '@poc-tracker/text';

/** An IANA time zone, which the handler receives by its current name. */
export function TimeZone(): PropertyDecorator {
  return StoredForm('timeZone', (input) => {
    const text = canonicalTimeZone(input);
    return text === null ? { refusal: 'must be an IANA time zone' } : { text };
  });
}
