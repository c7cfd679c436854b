import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiError, isUuid } from '@poc-tracker/contracts';

/**
 * Validates a route parameter that is an id: `@Param('userId', UuidParamPipe)`. Returns it in lower case, as the database
 * does. Whether the id exists is up to the handler: an id of another tenant is treated like an unknown id.
 * @throws ApiError VALIDATION_ERROR that names the parameter if it is not a UUID.
 */
@Injectable()
export class UuidParamPipe implements PipeTransform<string, string> {
  transform(value: string, metadata: ArgumentMetadata): string {
    const id = value.toLowerCase();
    if (!isUuid(id)) {
      throw ApiError.validation({ field: metadata.data ?? 'id', message: 'must be a UUID' });
    }
    return id;
  }
}
