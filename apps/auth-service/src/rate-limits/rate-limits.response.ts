import { ApiProperty } from '@nestjs/swagger';
import type { RateLimitOverrides } from '@poc-tracker/contracts';
import { RULE_NAMES, type RateLimitPolicy, type RuleName } from '@poc-tracker/rate-limit';

const SOURCES = ['settings', 'tenant'] as const;

/** A rule as it applies to a tenant. */
class RateLimitRuleResponse {
  @ApiProperty({ enum: RULE_NAMES, example: 'login:user' })
  name: RuleName;

  @ApiProperty({ description: 'Attempts/seconds, or off.', example: '5/900' })
  value: string;

  @ApiProperty({
    enum: SOURCES,
    description: 'settings: of the service. tenant: set by an operator for this tenant.',
    example: 'settings',
  })
  source: (typeof SOURCES)[number];

  @ApiProperty({ description: 'True: reports refusals, and refuses nothing.', example: false })
  shadow: boolean;
}

export class RateLimitsResponse {
  @ApiProperty({ type: RateLimitRuleResponse, isArray: true })
  rules: RateLimitRuleResponse[];
}

export function toRateLimitsResponse(
  policy: RateLimitPolicy,
  overrides: RateLimitOverrides | undefined,
): RateLimitsResponse {
  return {
    rules: RULE_NAMES.map((name) => ({
      name,
      ...policy.describe(name, overrides),
      source: overrides?.rules[name] === undefined ? 'settings' : 'tenant',
    })),
  };
}
