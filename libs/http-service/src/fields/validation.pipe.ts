import { type ArgumentMetadata, ValidationPipe, type ValidationError } from '@nestjs/common';
import { ApiError, type FieldError } from '@poc-tracker/contracts';
import { isUpdate } from './update.decorator.js';

/** Fields named in one response, so that a request with many unknown fields does not cause a larger response. */
const MAX_FIELD_ERRORS = 50;

/** Characters of a field's path in a response, because the client chooses the names of unknown fields. */
const MAX_PATH_LENGTH = 200;

/**
 * Validates bodies and queries by their DTO. Unknown fields are refused, not dropped, so that a client that sends `role` or
 * `tenantId` learns that it has no effect (OWASP API3, mass assignment). Errors never contain values.
 * @throws ApiError VALIDATION_ERROR with a {@link FieldError} for each violated rule, with dotted paths for nested fields.
 */
export class InputValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors: ValidationError[]) =>
        ApiError.validation(...toFieldErrors(errors)),
    });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && metadata.metatype !== undefined) {
      assertBody(value, metadata.metatype);
    }
    return super.transform(value, metadata);
  }
}

/** A body is a JSON object. Without this, a missing body would be validated as an object without fields. */
function assertBody(value: unknown, metatype: object): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw ApiError.validation({ field: 'body', message: 'must be a JSON object' });
  }
  if (isUpdate(metatype) && Object.keys(value).length === 0) {
    throw ApiError.validation({ field: 'body', message: 'must contain at least one field' });
  }
}

/** The violated rules in the order of the fields, at most {@link MAX_FIELD_ERRORS}. */
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
