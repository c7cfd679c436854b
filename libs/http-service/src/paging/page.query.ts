import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { Omittable } from '../fields/omittable.decorator.js';
import { QueryInteger } from '../fields/query-integer.decorator.js';

/** Enough for the longest name or title that a page can end with, in its longest encoding. */
const MAX_CURSOR_LENGTH = 2_000;

/** Selects a page of a list. */
export class PageQuery {
  @QueryInteger({ min: 1, max: 100, default: 50, example: 20 })
  limit = 50;

  @ApiPropertyOptional({
    maxLength: MAX_CURSOR_LENGTH,
    description: 'The nextCursor of the previous page, with the same filters.',
  })
  @Omittable()
  @IsString()
  @MaxLength(MAX_CURSOR_LENGTH)
  cursor?: string;
}

/** The cursor of the next page. */
export function NextCursor(): PropertyDecorator {
  return ApiProperty({
    type: String,
    nullable: true,
    description: 'Null on the last page.',
    example: null,
  });
}
