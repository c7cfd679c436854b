import { ApiPropertyOptional } from '@nestjs/swagger';
import { Omittable, PageQuery, TextBlock, TextLine, Update } from '@poc-tracker/http-service';
import { IsBoolean, IsIn } from 'class-validator';

export const POC_STATUSES = ['draft', 'active', 'completed', 'archived'] as const;

export type PocStatus = (typeof POC_STATUSES)[number];

export const UUID_EXAMPLE = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f';

const MAX_TITLE = 255;
const MAX_DESCRIPTION = 10_000;

class PocFields {
  @ApiPropertyOptional({ default: '' })
  @TextBlock({ max: MAX_DESCRIPTION, example: 'Shows that the sensor survives a winter.' })
  description?: string;

  @ApiPropertyOptional({ enum: POC_STATUSES, default: 'draft', example: 'active' })
  @Omittable()
  @IsIn(POC_STATUSES)
  status?: PocStatus;

  @ApiPropertyOptional({
    description:
      'If true and if the tenant allows public POCs, the POC is readable without a token at /public/pocs/:pocId.',
    default: false,
    example: false,
  })
  @Omittable()
  @IsBoolean()
  isPublic?: boolean;
}

/** Omitted fields have their defaults. */
export class PocDto extends PocFields {
  @TextLine({ max: MAX_TITLE, example: 'Cold-proof sensor' })
  title: string;
}

/** Omitted fields are not changed. */
@Update()
export class UpdatePocDto extends PocFields {
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
    description: 'me: only your POCs.',
    example: 'me',
  })
  @Omittable()
  @IsIn(['me', 'all'])
  author?: 'me' | 'all';

  @TextLine({ max: MAX_TITLE, example: 'Cold', required: false })
  @ApiPropertyOptional({
    description:
      'Start of the title. Ignores case and accents. Sorts by title instead of newest first.',
  })
  search?: string;
}
