import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, type Principal } from '@poc-tracker/auth-kit';
import { DataResponse } from '@poc-tracker/http-service';
import { EntitlementsResponse } from './entitlement.response.js';
import { EntitlementService } from './entitlement.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class EntitlementController {
  constructor(private readonly entitlements: EntitlementService) {}

  @Get('current/entitlements')
  @Authenticated()
  @ApiOperation({
    summary: 'Read the features and limits of the own tenant, and whether each comes from its plan',
  })
  @DataResponse(200, EntitlementsResponse)
  current(@CurrentUser() { permissions }: Principal): Promise<EntitlementsResponse> {
    return this.entitlements.current({ withUsage: permissions.includes('view_usage') });
  }
}
