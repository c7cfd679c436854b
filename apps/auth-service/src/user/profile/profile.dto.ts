import { type Locale, LOCALES } from '@poc-tracker/contracts';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { HttpsUrl, NameField, Omittable, Update } from '@poc-tracker/http-service';
import { TimeZone } from '../time-zone.decorator.js';

/** The fields that users may change themselves. Omitted fields keep their values. */
@Update()
export class UpdateProfileDto {
  @NameField({ example: 'Ana', required: false })
  firstName?: string;

  @NameField({ example: 'Souza', required: false })
  lastName?: string;

  @HttpsUrl({
    description: 'An https URL of a picture. Null removes it.',
    example: 'https://cdn.acme.example/ana.png',
  })
  avatarUrl?: string | null;

  @Omittable()
  @TimeZone({ required: false })
  timezone?: string;

  @ApiPropertyOptional({ enum: LOCALES, example: 'en-US' })
  @Omittable()
  @IsIn(LOCALES)
  locale?: Locale;
}
