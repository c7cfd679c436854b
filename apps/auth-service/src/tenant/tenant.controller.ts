import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { DataResponse } from '@poc-tracker/http-service';
import { TenantUsageResponse } from './entitlements/tenant-usage.response.js';
import { TenantUsageService } from './entitlements/tenant-usage.service.js';
import { TenantResponse } from './tenant.response.js';
import { TenantService } from './tenant.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class TenantController {
  constructor(
    private readonly tenants: TenantService,
    private readonly usages: TenantUsageService,
  ) {}

  @Get('current')
  @Authenticated()
  @ApiOperation({
    summary: 'Get your tenant',
    description: 'Returns its branding, features, limits and settings.',
  })
  @DataResponse(200, TenantResponse)
  getCurrentTenant(@CurrentUser() principal: Principal): Promise<TenantResponse> {
    return this.tenants.currentFor(principal);
  }

  @Get('current/usage')
  @Permissions('view_usage')
  @ApiOperation({ summary: 'Get the usage of your tenant' })
  @DataResponse(200, TenantUsageResponse)
  getCurrentTenantUsage(@CurrentUser() { tenantId }: Principal): Promise<TenantUsageResponse> {
    return this.usages.current(tenantId);
  }
}
