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
    summary: 'Get the entitlements of your tenant',
    description: 'Returns its features and limits, and whether each comes from its plan.',
  })
  @DataResponse(200, EntitlementsResponse)
  getEntitlements(@CurrentUser() { permissions }: Principal): Promise<EntitlementsResponse> {
    return this.entitlements.current({ withUsage: permissions.includes('view_usage') });
  }
}
