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
  @ApiOperation({ summary: 'List tenants' })
  @DataResponse(200, PlatformTenantPage)
  listTenants(
    @CurrentUser() { userId }: Principal,
    @Query() query: ListTenantsQuery,
  ): Promise<PlatformTenantPage> {
    return this.tenants.list(query, { operatorId: userId });
  }

  @Post()
  @OperatorsOnly()
  @ApiOperation({
    summary: 'Create a tenant and its first admin',
    description: 'Returns a temporary password, which the admin must change at the first log-in.',
  })
  @DataResponse(201, CreatedTenantResponse)
  @ApiErrors('TENANT_EXISTS', 'SERVICE_BUSY')
  createTenantAsOperator(
    @CurrentUser() { userId }: Principal,
    @Body() input: CreatePlatformTenantDto,
  ): Promise<CreatedTenantResponse> {
    return this.tenants.create(input, { operatorId: userId });
  }

  @Get(':tenantId')
  @OperatorsOnly()
  @ApiOperation({ summary: 'Get a tenant and its usage' })
  @DataResponse(200, PlatformTenantResponse)
  @ApiErrors('NOT_FOUND')
  getTenant(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
  ): Promise<PlatformTenantResponse> {
    return this.tenants.get(tenantId, { operatorId: userId });
  }

  @Get(':tenantId/usage')
  @OperatorsOnly()
  @ApiOperation({ summary: 'Get the usage and the limits of a tenant' })
  @DataResponse(200, PlatformUsageResponse)
  @ApiErrors('NOT_FOUND')
  getTenantUsage(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
  ): Promise<PlatformUsageResponse> {
    return this.tenants.getUsage(tenantId, { operatorId: userId });
  }

  @Patch(':tenantId/plan')
  @OperatorsOnly()
  @HttpCode(200)
  @ApiOperation({
    summary: "Update a tenant's plan",
    description:
      'Changes the plan, the overrides of its features and limits, and the end of the subscription.',
  })
  @DataResponse(200, PlanChangeResponse)
  @ApiErrors('NOT_FOUND')
  updateTenantPlan(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() change: ChangePlanDto,
  ): Promise<PlanChangeResponse> {
    return this.tenants.changePlan(tenantId, change, { operatorId: userId });
  }
}
