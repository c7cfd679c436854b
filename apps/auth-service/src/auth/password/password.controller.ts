import { Body, Controller, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Authenticated,
  CurrentUser,
  type Principal,
  Public,
  RequireFreshAuth,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import { RECENT_PROOF, type TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { RequestClient } from '@poc-tracker/tenancy';
import { FromAllowedCountries } from '../../protection/country/country.guard.js';
import { CurrentClient } from '../../session/current-client.decorator.js';
import { TokensResponse, UserTokensResponse } from '../../session/session.response.js';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { SetsDeviceCookie } from '../login/device-cookie.interceptor.js';
import { ChangePasswordDto, RenewPasswordDto } from './password.dto.js';
import { PasswordService } from './password.service.js';

@ApiTags('auth')
@Controller('auth/password')
export class PasswordController {
  constructor(private readonly passwords: PasswordService) {}

  @Put()
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @RateLimited('secrets')
  @FromAllowedCountries('password.changed')
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Change your password',
    description:
      'Revokes all your sessions and returns the tokens of a new one, which has the factors of the present one.',
  })
  @DataResponse(200, TokensResponse)
  @ApiErrors('LOCATION_NOT_ALLOWED', 'INVALID_CREDENTIALS', 'SERVICE_BUSY')
  changePassword(
    @CurrentUser() user: Principal,
    @Body() input: ChangePasswordDto,
    @CurrentClient() client: RequestClient,
  ): Promise<TokensResponse> {
    return this.passwords.change(user, input, client);
  }

  @Post('renew')
  @HttpCode(200)
  @Public()
  @RateLimited('login')
  @FromAllowedCountries('login.failed')
  @SetsDeviceCookie()
  @ApiOperation({
    summary: 'Replace your password and log in',
    description:
      'For users whose log-in returns PASSWORD_CHANGE_REQUIRED. Revokes all their sessions.',
  })
  @DataResponse(200, UserTokensResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'INVALID_CREDENTIALS',
    'AUTH_REQUIRED',
    'SUSPICIOUS_LOGIN',
    'SECOND_FACTOR_REQUIRED',
    'SERVICE_BUSY',
  )
  renewPassword(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: RenewPasswordDto,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.passwords.renew(tenant, input, client);
  }
}
