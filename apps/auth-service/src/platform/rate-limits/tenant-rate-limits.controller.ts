import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, OperatorsOnly, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { RateLimitsResponse } from '../../rate-limits/rate-limits.response.js';
import { UpdateTenantRateLimitsDto } from './tenant-rate-limits.dto.js';
import { TenantRateLimitsService } from './tenant-rate-limits.service.js';

@ApiTags('platform')
@Controller('platform/tenants/:tenantId/rate-limits')
export class TenantRateLimitsController {
  constructor(private readonly limits: TenantRateLimitsService) {}

  @Get()
  @OperatorsOnly()
  @ApiOperation({ summary: 'Get the rate limits of a tenant' })
  @DataResponse(200, RateLimitsResponse)
  @ApiErrors('NOT_FOUND')
  getTenantRateLimits(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
  ): Promise<RateLimitsResponse> {
    return this.limits.get(tenantId, { operatorId: userId });
  }

  @Put()
  @OperatorsOnly()
  @ApiOperation({
    summary: 'Update the rate limits of a tenant',
    description: 'Replaces all limits that differ from the settings.',
  })
  @DataResponse(200, RateLimitsResponse)
  @ApiErrors('NOT_FOUND')
  updateTenantRateLimits(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() input: UpdateTenantRateLimitsDto,
  ): Promise<RateLimitsResponse> {
    return this.limits.update(tenantId, input, { operatorId: userId });
  }
}
