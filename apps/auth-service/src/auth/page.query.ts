import { ApiPropertyOptional } from '@nestjs/swagger';
import { Omittable } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';

/** Longer than any cursor that was ever given. */
const MAX_CURSOR_LENGTH = 200;

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
