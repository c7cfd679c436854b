import { ApiPropertyOptional } from '@nestjs/swagger';
import { Omittable } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';

/** Room for the longest name, in its longest encoding, that a page can end with. */
const MAX_CURSOR_LENGTH = 2_000;

/** Which page of a list, for every list of people, roles and invitations. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 50, example: 20 })
  @Omittable()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 50;

  @ApiPropertyOptional({
    maxLength: MAX_CURSOR_LENGTH,
    description: 'nextCursor of the page before, with the same filters.',
  })
  @Omittable()
  @IsString()
  @MaxLength(MAX_CURSOR_LENGTH)
  cursor?: string;
}
