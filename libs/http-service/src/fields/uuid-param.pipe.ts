import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiError, isUuid } from '@poc-tracker/contracts';

/**
 * A route parameter that is an id: `@Param('userId', UuidParamPipe)`. Gives it in lower case, as the database does.
 * Whether the id exists is for the handler: a well-formed id of another tenant answers as one that nobody has.
 * @throws ApiError VALIDATION_ERROR naming the parameter when it is no UUID.
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
