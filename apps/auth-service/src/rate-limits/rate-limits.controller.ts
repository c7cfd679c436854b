import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentTenant, Permissions } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { DataResponse } from '@poc-tracker/http-service';
import { RateLimitPolicy } from '@poc-tracker/rate-limit';
import { RateLimitsResponse, toRateLimitsResponse } from './rate-limits.response.js';

@ApiTags('tenants')
@Controller('tenants/current/rate-limits')
export class RateLimitsController {
  constructor(private readonly policy: RateLimitPolicy) {}

  @Get()
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Get the rate limits of your tenant' })
  @DataResponse(200, RateLimitsResponse)
  getRateLimits(@CurrentTenant() { rateLimits }: TenantSnapshot): RateLimitsResponse {
    return toRateLimitsResponse(this.policy, rateLimits);
  }
}
