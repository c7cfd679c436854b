import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, OperatorsOnly, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { ChangePlanDto } from '../../tenant/entitlements/entitlement.dto.js';
import { PlanChangeResponse } from '../../tenant/entitlements/entitlement.response.js';
import { CreatePlatformTenantDto, ListTenantsQuery } from './platform-tenant.dto.js';
import {
  CreatedTenantResponse,
  PlatformTenantPage,
  PlatformTenantResponse,
  PlatformUsageResponse,
} from './platform-tenant.response.js';
import { PlatformTenantService } from './platform-tenant.service.js';

@ApiTags('platform')
@Controller('platform/tenants')
export class PlatformTenantController {
  constructor(private readonly tenants: PlatformTenantService) {}

  @Get()
  @OperatorsOnly()
  @ApiOperation({ summary: 'List and search tenants, page by page' })
  @DataResponse(200, PlatformTenantPage)
  list(
    @CurrentUser() { userId }: Principal,
    @Query() query: ListTenantsQuery,
  ): Promise<PlatformTenantPage> {
    return this.tenants.list(query, { operatorId: userId });
  }

  @Post()
  @OperatorsOnly()
  @ApiOperation({ summary: 'Make a tenant and its first admin, with a temporary password' })
  @DataResponse(201, CreatedTenantResponse)
  @ApiErrors('TENANT_EXISTS', 'SERVICE_BUSY')
  create(
    @CurrentUser() { userId }: Principal,
    @Body() input: CreatePlatformTenantDto,
  ): Promise<CreatedTenantResponse> {
    return this.tenants.create(input, { operatorId: userId });
  }

  @Get(':tenantId')
  @OperatorsOnly()
  @ApiOperation({ summary: 'Read a tenant with its usage' })
  @DataResponse(200, PlatformTenantResponse)
  @ApiErrors('NOT_FOUND')
  read(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
  ): Promise<PlatformTenantResponse> {
    return this.tenants.read(tenantId, { operatorId: userId });
  }

  @Get(':tenantId/usage')
  @OperatorsOnly()
  @ApiOperation({ summary: 'Read what a tenant uses of its limits' })
  @DataResponse(200, PlatformUsageResponse)
  @ApiErrors('NOT_FOUND')
  usage(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
  ): Promise<PlatformUsageResponse> {
    return this.tenants.usage(tenantId, { operatorId: userId });
  }

  @Patch(':tenantId/plan')
  @OperatorsOnly()
  @HttpCode(200)
  @ApiOperation({ summary: "Change a tenant's plan, and the features and limits given beside it" })
  @DataResponse(200, PlanChangeResponse)
  @ApiErrors('NOT_FOUND')
  changePlan(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() change: ChangePlanDto,
  ): Promise<PlanChangeResponse> {
    return this.tenants.changePlan(tenantId, change, { operatorId: userId });
  }
}
