import { type ArgumentMetadata, ValidationPipe, type ValidationError } from '@nestjs/common';
import { ApiError, type FieldError } from '@poc-tracker/contracts';
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

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type !== 'body' || metadata.metatype === undefined) {
      return super.transform(value, metadata);
    }
    assertBody(value, metadata.metatype);
    const body: unknown = await super.transform(value, metadata);
    const faults = emptyUpdates(body as object, '');
    if (faults.length > 0) throw ApiError.validation(...faults);
    return body;
  }
}

/** The fault of an update without any field. */
export const EMPTY_UPDATE = 'must contain at least one field';

/** The objects inside of a valid body that are updates without any field. Classes may declare fields that are not set. */
function emptyUpdates(body: object, prefix: string): FieldError[] {
  return Object.entries(body).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== 'object' || value === null) return [];
    const field = `${prefix}${name}`;
    const isEmpty = Object.values(value).every((nested) => nested === undefined);
    if (isEmpty && isUpdate(value.constructor)) return [{ field, message: EMPTY_UPDATE }];
    return emptyUpdates(value, `${field}.`);
  });
}

/** A body is a JSON object. Without this, a missing body would be validated as an object without fields. */
function assertBody(value: unknown, metatype: object): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw ApiError.validation({ field: 'body', message: 'must be a JSON object' });
  }
  if (isUpdate(metatype) && Object.keys(value).length === 0) {
    throw ApiError.validation({ field: 'body', message: EMPTY_UPDATE });
  }
}
