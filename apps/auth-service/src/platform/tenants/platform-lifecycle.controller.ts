import { RECENT_PROOF } from '@poc-tracker/contracts';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentUser,
  OperatorsOnly,
  RequireFreshAuth,
  type Principal,
} from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { PlatformLifecycleService } from './platform-lifecycle.service.js';
import { PurgeTenantDto, TenantReasonDto } from './platform-tenant.dto.js';
import { PlatformTenantResponse, PurgeStartedResponse } from './platform-tenant.response.js';

@ApiTags('platform')
@Controller('platform/tenants/:tenantId')
export class PlatformLifecycleController {
  constructor(private readonly lifecycle: PlatformLifecycleService) {}

  @Post('suspend')
  @OperatorsOnly()
  @HttpCode(200)
  @ApiOperation({ summary: 'Suspend a tenant', description: 'Locks out all of its users at once.' })
  @DataResponse(200, PlatformTenantResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_TRANSITION')
  suspendTenant(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() { reason }: TenantReasonDto,
  ): Promise<PlatformTenantResponse> {
    return this.lifecycle.transition('suspend', tenantId, reason, { operatorId: userId });
  }

  @Post('reactivate')
  @OperatorsOnly()
  @HttpCode(200)
  @ApiOperation({ summary: 'Reactivate a suspended tenant' })
  @DataResponse(200, PlatformTenantResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_TRANSITION')
  reactivateTenant(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() { reason }: TenantReasonDto,
  ): Promise<PlatformTenantResponse> {
    return this.lifecycle.transition('reactivate', tenantId, reason, { operatorId: userId });
  }

  @Post('cancel')
  @OperatorsOnly()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel a tenant',
    description: 'Locks out all of its users at once. It can be restored for a limited time.',
  })
  @DataResponse(200, PlatformTenantResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_TRANSITION')
  cancelTenant(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() { reason }: TenantReasonDto,
  ): Promise<PlatformTenantResponse> {
    return this.lifecycle.transition('cancel', tenantId, reason, { operatorId: userId });
  }

  @Post('restore')
  @OperatorsOnly()
  @HttpCode(200)
  @ApiOperation({ summary: 'Restore a canceled tenant' })
  @DataResponse(200, PlatformTenantResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_TRANSITION')
  restoreTenant(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() { reason }: TenantReasonDto,
  ): Promise<PlatformTenantResponse> {
    return this.lifecycle.transition('restore', tenantId, reason, { operatorId: userId });
  }

  @Post('purge')
  @OperatorsOnly()
  @RequireFreshAuth(RECENT_PROOF)
  @HttpCode(202)
  @ApiOperation({
    summary: 'Delete a canceled tenant permanently',
    description: 'Deletes the data of the tenant after the response was sent.',
  })
  @DataResponse(202, PurgeStartedResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_TRANSITION')
  async purgeTenant(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() input: PurgeTenantDto,
  ): Promise<PurgeStartedResponse> {
    await this.lifecycle.beginPurge(tenantId, input, { operatorId: userId });
    this.lifecycle.purgeLater(tenantId);
    return { tenantId, status: 'purging' };
  }
}
