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
  constructor(private readonly brandings: BrandingService) {}

  @Patch('current')
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Change the name, the branding and the billing address of the tenant' })
  @DataResponse(200, TenantResponse)
  update(
    @CurrentUser() principal: Principal,
    @Body() input: UpdateTenantDto,
  ): Promise<TenantResponse> {
    return this.brandings.update(principal, input);
  }

  @Get('branding')
  @Public()
  @ApiOperation({ summary: 'Read what a log-in page shows of the tenant' })
  @DataResponse(200, PublicBrandingResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT')
  present(): Promise<PublicBrandingResponse> {
    return this.brandings.present();
  }
}
