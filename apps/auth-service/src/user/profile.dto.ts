import { type Locale, LOCALES } from '@poc-tracker/contracts';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Omittable, NameField } from '@poc-tracker/http-service';
import { IsTimeZone } from './time-zone.validator.js';

/** What a person may change about themselves. Fields that are left out stay as they are. */
export class UpdateProfileDto {
  @NameField({ example: 'Ana', required: false })
  firstName?: string;

  @NameField({ example: 'Souza', required: false })
  lastName?: string;

  @ApiPropertyOptional({ description: 'A zone of the IANA database.', example: 'America/Recife' })
  @Omittable()
  @IsTimeZone()
  timezone?: string;

  @ApiPropertyOptional({ enum: LOCALES, example: 'en-US' })
  @Omittable()
  @IsIn(LOCALES)
  locale?: Locale;
}
