import { Body, Controller, HttpCode, Post, Req, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AllowedBeforeEnrollment,
  Authenticated,
  CurrentUser,
  type Principal,
  Public,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { NamingRequest, RequestClient } from '@poc-tracker/tenancy';
import { FromAllowedCountries } from '../../protection/country/country.guard.js';
import { CurrentClient } from '../../session/current-client.decorator.js';
import { KeepsSessionStatusCache } from '../../session/own-changes.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import { RevokedSessionsResponse, UserTokensResponse } from '../../session/session.response.js';
import { RefreshService } from '../../session/tokens/refresh.service.js';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { Tenantless } from '../../tenant/resolution/tenantless.decorator.js';
import { SetsDeviceCookie } from './device-cookie.interceptor.js';
import { LoggedOutFilter } from './logged-out.filter.js';
import { LoginDto, RefreshDto } from './login.dto.js';
import { LoginService } from './login.service.js';

@ApiTags('auth')
@Controller('auth')
export class LoginController {
  constructor(
    private readonly logins: LoginService,
    private readonly refreshes: RefreshService,
    private readonly revocations: SessionRevocationService,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @RateLimited('login')
  @FromAllowedCountries('login.failed')
  @KeepsSessionStatusCache()
  @SetsDeviceCookie()
  @ApiOperation({
    summary: 'Log in',
    description:
      'Sets a device cookie: failed log-ins elsewhere do not lock out a client that sends it the next time. ' +
      'More than 5 failed log-ins within 5 minutes lock the account for 15 minutes, during which the answer is the same ' +
      'as for a wrong password. A user with a second factor gets SECOND_FACTOR_REQUIRED with a challenge token, for ' +
      'POST /auth/login/factor. A log-in with the right password that looks suspicious needs a second factor or is refused if ' +
      'the tenant has set security.riskPolicy so.',
  })
  @DataResponse(200, UserTokensResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'INVALID_CREDENTIALS',
    'PASSWORD_CHANGE_REQUIRED',
    'SUSPICIOUS_LOGIN',
    'SECOND_FACTOR_REQUIRED',
    'SERVICE_BUSY',
  )
  logIn(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: LoginDto,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.logins.logIn(tenant, input, client);
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @RateLimited('refresh')
  @KeepsSessionStatusCache()
  @Tenantless()
  @ApiOperation({
    summary: 'Refresh the tokens of a session',
    description:
      'Each refresh token can be used once. Reuse after a short grace revokes the session. ' +
      'LOCATION_NOT_ALLOWED neither uses the token nor revokes the session.',
  })
  @DataResponse(200, UserTokensResponse)
  @ApiErrors(
    'INVALID_TOKEN',
    'TOKEN_REVOKED',
    'SESSION_EXPIRED',
    'INVALID_TENANT',
    'TENANT_MISMATCH',
    'LOCATION_NOT_ALLOWED',
  )
  refreshTokens(
    @Body() { refreshToken }: RefreshDto,
    @CurrentClient() client: RequestClient,
    @Req() request: NamingRequest,
  ): Promise<UserTokensResponse> {
    return this.refreshes.refresh(refreshToken, client, request);
  }

  @Post('logout')
  @HttpCode(200)
  @Authenticated()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @AllowedBeforeEnrollment()
  @UseFilters(LoggedOutFilter)
  @ApiOperation({
    summary: 'Log out',
    description:
      'Revokes the current session. Succeeds as well, with 0 revoked sessions, if it has been revoked before.',
  })
  @DataResponse(200, RevokedSessionsResponse, { message: 'You are logged out.' })
  logOut(@CurrentUser() { userId, sessionId }: Principal): Promise<RevokedSessionsResponse> {
    return this.revocations.logOut(userId, sessionId);
  }
}
