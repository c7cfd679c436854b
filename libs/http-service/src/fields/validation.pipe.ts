import { type ArgumentMetadata, ValidationPipe, type ValidationError } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { toFieldErrors } from './field-faults.js';
import { isUpdate } from './update.decorator.js';

/**
 * Validates bodies and queries by their DTO. Unknown fields are refused, not dropped, so that a client that sends `role` or
 * `tenantId` learns that it has no effect (OWASP API3, mass assignment). Errors never contain values.
 * @throws ApiError VALIDATION_ERROR with a sentence for each invalid field, and dotted paths for nested fields.
 */
export class InputValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      // The sentences depend on them. None of them is part of a sentence.
      validationError: { target: true, value: true },
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
