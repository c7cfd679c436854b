import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal, Public } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { TenantResponse } from '../tenant.response.js';
import { UpdateTenantDto } from './branding.dto.js';
import { PublicBrandingResponse } from './branding.response.js';
import { BrandingService } from './branding.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class BrandingController {
  constructor(private readonly branding: BrandingService) {}

  @Patch('current')
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Update the name, branding and billing email of your tenant' })
  @DataResponse(200, TenantResponse)
  updateCurrentTenant(
    @CurrentUser() principal: Principal,
    @Body() input: UpdateTenantDto,
  ): Promise<TenantResponse> {
    return this.branding.update(principal, input);
  }

  @Get('branding')
  @Public()
  @ApiOperation({
    summary: 'Get the branding of a tenant',
    description: 'Returns what a log-in page shows before the user is authenticated.',
  })
  @DataResponse(200, PublicBrandingResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT')
  getBranding(): Promise<PublicBrandingResponse> {
    return this.branding.getPublic();
  }
}
