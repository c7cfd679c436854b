import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { type Feature, type Limit, type Plan, PLANS } from '@poc-tracker/contracts';
import { Omittable } from '@poc-tracker/http-service';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { MAX_LIMIT } from './entitlement.rules.js';

/** With its zone: whoever reads it elsewhere must not take it for another moment. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** A feature of the tenant's own; null gives it back to the plan, absence leaves it. */
function OwnFeature(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsBoolean(),
    ApiProperty({ type: Boolean, nullable: true, required: false, example: true }),
  );
}

/** A limit of the tenant's own; null gives it back to the plan, absence leaves it. */
function OwnLimit(example: number): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsInt(),
    Min(0),
    Max(MAX_LIMIT),
    ApiProperty({ type: 'integer', nullable: true, required: false, minimum: 0, example }),
  );
}

class OwnFeaturesDto implements Partial<Record<Feature, boolean | null>> {
  @OwnFeature()
  real_time_dojos?: boolean | null;

  @OwnFeature()
  video_generation?: boolean | null;

  @OwnFeature()
  advanced_analytics?: boolean | null;

  @OwnFeature()
  api_access?: boolean | null;
}

class OwnLimitsDto implements Partial<Record<Limit, number | null>> {
  @OwnLimit(25)
  maxUsers?: number | null;

  @OwnLimit(200)
  maxPocs?: number | null;

  @OwnLimit(10)
  maxStorageGb?: number | null;
}

/** What operators change of a tenant's plan. What is left out stays. */
export class ChangePlanDto {
  @Omittable()
  @IsIn(PLANS)
  @ApiProperty({ enum: PLANS, required: false, example: 'pro' })
  plan?: Plan;

  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => OwnFeaturesDto)
  @ApiProperty({
    type: OwnFeaturesDto,
    required: false,
    description: 'Features given to this tenant; null gives one back to the plan.',
  })
  features?: OwnFeaturesDto;

  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => OwnLimitsDto)
  @ApiProperty({
    type: OwnLimitsDto,
    required: false,
    description: 'Limits given to this tenant; null gives one back to the plan.',
  })
  limits?: OwnLimitsDto;

  @IsOptional()
  @Matches(DATE_TIME, { message: '$property must be a date and time with its zone (ISO 8601)' })
  @IsISO8601({ strict: true }, { message: '$property must be a day that there is' })
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    required: false,
    description:
      'End of the subscription: from then on the tenant can be read only, and after the days of grace it is ' +
      'suspended. Null: it does not end.',
    example: '2027-12-31T23:59:59Z',
  })
  subscriptionEndsAt?: string | null;
}
