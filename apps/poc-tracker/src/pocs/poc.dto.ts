import { ApiPropertyOptional } from '@nestjs/swagger';
import { Omittable, PageQuery, TextLine } from '@poc-tracker/http-service';
import { IsBoolean, IsIn, IsString, MaxLength } from 'class-validator';

export const POC_STATUSES = ['draft', 'active', 'completed', 'archived'] as const;

export type PocStatus = (typeof POC_STATUSES)[number];

/** An id, as the documents show one. */
export const UUID_EXAMPLE = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f';

const MAX_TITLE = 255;
const MAX_DESCRIPTION = 10_000;

class PocFields {
  @ApiPropertyOptional({
    maxLength: MAX_DESCRIPTION,
    default: '',
    example: 'Shows that the sensor survives a winter.',
  })
  @Omittable()
  @IsString()
  @MaxLength(MAX_DESCRIPTION)
  description?: string;

  @ApiPropertyOptional({ enum: POC_STATUSES, default: 'draft', example: 'active' })
  @Omittable()
  @IsIn(POC_STATUSES)
  status?: PocStatus;

  @ApiPropertyOptional({
    description:
      'Readable without a token at /public/pocs/:pocId, as long as the tenant allows public POCs.',
    default: false,
    example: false,
  })
  @Omittable()
  @IsBoolean()
  isPublic?: boolean;
}

/** A whole POC: what is left out takes its default. */
export class WritePocDto extends PocFields {
  @TextLine({ max: MAX_TITLE, example: 'Cold-proof sensor' })
  title: string;
}

/** What is left out stays as it is. */
export class ChangePocDto extends PocFields {
  @TextLine({ max: MAX_TITLE, example: 'Cold-proof sensor', required: false })
  title?: string;
}

export class ListPocsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: POC_STATUSES, example: 'active' })
  @Omittable()
  @IsIn(POC_STATUSES)
  status?: PocStatus;

  @ApiPropertyOptional({
    enum: ['me', 'all'],
    default: 'all',
    description: 'Whose POCs.',
    example: 'me',
  })
  @Omittable()
  @IsIn(['me', 'all'])
  author?: 'me' | 'all';

  @TextLine({ max: MAX_TITLE, example: 'Cold', required: false })
  @ApiPropertyOptional({
    description: 'What the title begins with, in any case. Sorts by title instead of newest first.',
  })
  search?: string;
}
