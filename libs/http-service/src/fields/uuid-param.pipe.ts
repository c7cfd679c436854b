import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';

/** RFC 9562, any version and variant: ids of seeds and of imported rows need not be version 7. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * A route parameter that is an id: `@Param('userId', UuidParamPipe)`. Gives it in lower case, as the database does.
 * Whether the id exists is for the handler: a well-formed id of another tenant answers as one that nobody has.
 * @throws ApiError VALIDATION_ERROR naming the parameter when it is no UUID.
 */
@Injectable()
export class UuidParamPipe implements PipeTransform<string, string> {
  transform(value: string, metadata: ArgumentMetadata): string {
    if (!UUID.test(value)) {
      throw ApiError.validation({ field: metadata.data ?? 'id', message: 'must be a UUID' });
    }
    return value.toLowerCase();
  }
}
