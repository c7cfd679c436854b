import { ValidateBy, type ValidationOptions } from 'class-validator';
import { normalizeDomain } from '@poc-tracker/text';

/** Validates that a property is a domain with at least two labels, in the form in which domains are stored. */
export function IsDomainName(options: ValidationOptions): PropertyDecorator {
  const isDomainName = (value: unknown): boolean =>
    typeof value === 'string' && value.includes('.') && normalizeDomain(value) === value;
  return ValidateBy({ name: 'isDomainName', validator: { validate: isDomainName } }, options);
}
