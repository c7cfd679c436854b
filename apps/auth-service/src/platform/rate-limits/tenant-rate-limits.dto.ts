import { ApiProperty } from '@nestjs/swagger';
import { RATE_LIMIT_FORMAT, RULE_NAMES, type RuleName } from '@poc-tracker/rate-limit';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsObject,
  Matches,
  ValidateNested,
} from 'class-validator';

class RateLimitRuleDto {
  @ApiProperty({ enum: RULE_NAMES, example: 'login:user' })
  @IsIn(RULE_NAMES)
  name: RuleName;

  @ApiProperty({ description: 'Attempts/seconds, or off.', example: '20/900' })
  @Matches(RATE_LIMIT_FORMAT, {
    message: '$property must be attempts/seconds such as 20/900, or off',
  })
  value: string;
}

/** All rate limits of a tenant that differ from the settings. */
export class UpdateTenantRateLimitsDto {
  @ApiProperty({
    type: RateLimitRuleDto,
    isArray: true,
    maxItems: RULE_NAMES.length,
    description: 'Rules that differ from the settings. All others follow them.',
    example: [{ name: 'login:user', value: '20/900' }],
  })
  @IsArray()
  @ArrayMaxSize(RULE_NAMES.length)
  @ArrayUnique(({ name }: RateLimitRuleDto) => name)
  // ValidateNested alone accepts an array as a rule.
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => RateLimitRuleDto)
  rules: RateLimitRuleDto[];

  @ApiProperty({
    enum: RULE_NAMES,
    isArray: true,
    maxItems: RULE_NAMES.length,
    description: 'Rules that report refusals for this tenant, and refuse nothing.',
    example: ['auth:ip'],
  })
  @IsArray()
  @ArrayMaxSize(RULE_NAMES.length)
  @ArrayUnique()
  @IsIn(RULE_NAMES, { each: true })
  shadow: RuleName[];
}
