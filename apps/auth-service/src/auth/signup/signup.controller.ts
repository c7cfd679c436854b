import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { RequestClient } from '@poc-tracker/tenancy';
import { CurrentClient } from '../../session/current-client.decorator.js';
import { SetsDeviceCookie } from '../login/device-cookie.interceptor.js';
import { CreateTenantDto } from './create-tenant.dto.js';
import { Tenantless } from '../../tenant/resolution/tenantless.decorator.js';
import { SignupResponse } from './signup.response.js';
import { SignupService } from './signup.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class SignupController {
  constructor(private readonly signup: SignupService) {}

  @Post()
  @Public()
  @RateLimited('signup')
  @Tenantless()
  @SetsDeviceCookie()
  @ApiOperation({ summary: 'Create a tenant and its first admin' })
  @DataResponse(201, SignupResponse)
  @ApiErrors('SIGNUP_CLOSED', 'TENANT_EXISTS', 'SERVICE_BUSY')
  createTenant(
    @Body() input: CreateTenantDto,
    @CurrentClient() client: RequestClient,
  ): Promise<SignupResponse> {
    return this.signup.signUp(input, client);
  }
}
