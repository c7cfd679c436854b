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

/** With its time zone, so that every reader takes it for the same moment. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** An override of a feature. Null removes it; an omitted one stays as it is. */
function FeatureOverride(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsBoolean(),
    ApiProperty({ type: Boolean, nullable: true, required: false, example: true }),
  );
}

/** An override of a limit. Null removes it; an omitted one stays as it is. */
function LimitOverride(example: number): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsInt(),
    Min(0),
    Max(MAX_LIMIT),
    ApiProperty({ type: 'integer', nullable: true, required: false, minimum: 0, example }),
  );
}

class FeatureOverridesDto implements Partial<Record<Feature, boolean | null>> {
  @FeatureOverride()
  real_time_dojos?: boolean | null;

  @FeatureOverride()
  video_generation?: boolean | null;

  @FeatureOverride()
  advanced_analytics?: boolean | null;

  @FeatureOverride()
  api_access?: boolean | null;
}

class LimitOverridesDto implements Partial<Record<Limit, number | null>> {
  @LimitOverride(25)
  maxUsers?: number | null;

  @LimitOverride(200)
  maxPocs?: number | null;

  @LimitOverride(10)
  maxStorageGb?: number | null;
}

/** A change of a tenant's plan. Omitted fields stay as they are. */
export class ChangePlanDto {
  @Omittable()
  @IsIn(PLANS)
  @ApiProperty({ enum: PLANS, required: false, example: 'pro' })
  plan?: Plan;

  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => FeatureOverridesDto)
  @ApiProperty({
    type: FeatureOverridesDto,
    required: false,
    description: 'Features that differ from the plan. Null restores the value of the plan.',
  })
  features?: FeatureOverridesDto;

  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => LimitOverridesDto)
  @ApiProperty({
    type: LimitOverridesDto,
    required: false,
    description: 'Limits that differ from the plan. Null restores the value of the plan.',
  })
  limits?: LimitOverridesDto;

  @IsOptional()
  @Matches(DATE_TIME, { message: '$property must be a date and time with a time zone (ISO 8601)' })
  @IsISO8601({ strict: true }, { message: '$property must be an existing date' })
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    required: false,
    description:
      'End of the subscription. From then on the tenant is read-only, and after the grace period it is suspended. ' +
      'Null if it does not end.',
    example: '2027-12-31T23:59:59Z',
  })
  subscriptionEndsAt?: string | null;
}
