import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { ApiError, type FieldError } from '@poc-tracker/contracts';

/** Fields that one answer names: a body of junk must not be answered with a larger one. */
const MAX_FIELD_ERRORS = 50;

/** Characters of a field's path that an answer repeats: names of unknown fields come from the client. */
const MAX_PATH_LENGTH = 200;

/**
 * Holds bodies and queries against their DTO: unknown fields are refused rather than dropped, so that a client that
 * sends `role` or `tenantId` learns that it has no effect (OWASP API3, mass assignment). Values are never repeated.
 * @throws ApiError VALIDATION_ERROR with a {@link FieldError} for each broken rule, nested fields by dotted path.
 */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors: ValidationError[]) => ApiError.validation(...toFieldErrors(errors)),
  });
}

/** The broken rules of a tree of validation errors in the order of the fields, at most {@link MAX_FIELD_ERRORS}. */
function toFieldErrors(errors: readonly ValidationError[]): FieldError[] {
  const fields: FieldError[] = [];
  const pending = errors.map((error) => ({ error, path: error.property })).reverse();
  for (
    let next = pending.pop();
    next !== undefined && fields.length < MAX_FIELD_ERRORS;
    next = pending.pop()
  ) {
    const { error, path } = next;
    const field = (path || 'body').slice(0, MAX_PATH_LENGTH);
    for (const [rule, message] of Object.entries(error.constraints ?? {})) {
      fields.push({
        field,
        message: rule === 'whitelistValidation' ? 'is not a known field' : message,
      });
    }
    for (const child of [...(error.children ?? [])].reverse()) {
      pending.push({ error: child, path: `${path}.${child.property}` });
    }
  }
  return fields.slice(0, MAX_FIELD_ERRORS);
}
