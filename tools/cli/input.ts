import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { toFieldErrors } from '@poc-tracker/http-service';
import { validateSync } from 'class-validator';
import { misuse } from './cli.error.js';

/**
 * Validates options as the input of the route that does the same.
 * @throws CliError that names every invalid option
 */
export function validInput<T extends object>(type: ClassConstructor<T>, values: object): T {
  const stated = Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  );
  const input = plainToInstance(type, stated);
  const errors = validateSync(input, { whitelist: true, forbidNonWhitelisted: true });
  if (errors.length > 0) {
    const faults = toFieldErrors(errors).map(({ field, message }) => `${field} ${message}`);
    throw misuse(faults.join('\n'));
  }
  return input;
}
