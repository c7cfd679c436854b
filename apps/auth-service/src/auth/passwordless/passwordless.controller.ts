import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { RequestClient } from '@poc-tracker/tenancy';
import { FromAllowedCountries } from '../../protection/country/country.guard.js';
import { CurrentClient } from '../../session/current-client.decorator.js';
import { UserTokensResponse } from '../../session/session.response.js';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { SetsDeviceCookie } from '../login/device-cookie.interceptor.js';
import { AcceptedResponse } from '../one-time-tokens/account.response.js';
import { BrowserSecret, MarksBrowser, RecognizesBrowser } from './asking-browser.js';
import { LoginCodeService } from './login-code.service.js';
import { MagicLinkService } from './magic-link.service.js';
import { CodeLoginDto, MagicLinkLoginDto, SendLoginMailDto } from './passwordless.dto.js';

@ApiTags('auth')
@Controller('auth')
export class PasswordlessController {
  constructor(
    private readonly links: MagicLinkService,
    private readonly codes: LoginCodeService,
  ) {}

  @Post('magic-link')
  @HttpCode(202)
  @Public()
  @RateLimited('mails')
  @MarksBrowser()
  @ApiOperation({
    summary: 'Send a link to log in with',
    description:
      'For tenants with the setting login.magicLink. The answer is the same for every address, and sets a cookie that marks this ' +
      'browser. The link can be used once within 15 minutes.',
  })
  @DataResponse(202, AcceptedResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'LOGIN_METHOD_DISABLED', 'SERVICE_BUSY')
  sendMagicLink(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { email }: SendLoginMailDto,
    @BrowserSecret() browser: string,
  ): Promise<AcceptedResponse> {
    return this.links.send(tenant, email, browser);
  }

  @Post('magic-link/login')
  @HttpCode(200)
  @Public()
  @RateLimited('login')
  @FromAllowedCountries('login.failed')
  @SetsDeviceCookie()
  @RecognizesBrowser()
  @ApiOperation({
    summary: 'Log in with the token of a link',
    description:
      'In another browser than the one that asked for the link, answers CONFIRMATION_REQUIRED until you send confirm: true: a ' +
      'stranger may have sent you their own link. The same rules hold as for a log-in by password.',
  })
  @DataResponse(200, UserTokensResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'LOGIN_METHOD_DISABLED',
    'INVALID_LINK',
    'CONFIRMATION_REQUIRED',
    'PASSWORD_CHANGE_REQUIRED',
    'SUSPICIOUS_LOGIN',
    'SECOND_FACTOR_REQUIRED',
    'SERVICE_BUSY',
  )
  logInWithMagicLink(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: MagicLinkLoginDto,
    @BrowserSecret() browser: string | null,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.links.logIn(tenant, input, { browser, client });
  }

  @Post('code')
  @HttpCode(202)
  @Public()
  @RateLimited('mails')
  @ApiOperation({
    summary: 'Send a code to log in with',
    description:
      'For tenants with the setting login.emailCode. The answer is the same for every address. The code has six digits, can be ' +
      'used once within 10 minutes, and is invalid after 5 wrong tries.',
  })
  @DataResponse(202, AcceptedResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'LOGIN_METHOD_DISABLED', 'SERVICE_BUSY')
  sendLoginCode(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { email }: SendLoginMailDto,
  ): Promise<AcceptedResponse> {
    return this.codes.send(tenant, email);
  }

  @Post('code/login')
  @HttpCode(200)
  @Public()
  @RateLimited('login')
  @FromAllowedCountries('login.failed')
  @SetsDeviceCookie()
  @ApiOperation({
    summary: 'Log in with a code',
    description:
      'A wrong code counts for the lock of the account like a wrong password. The same rules hold as for a log-in by password.',
  })
  @DataResponse(200, UserTokensResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'LOGIN_METHOD_DISABLED',
    'INVALID_CODE',
    'PASSWORD_CHANGE_REQUIRED',
    'SUSPICIOUS_LOGIN',
    'SECOND_FACTOR_REQUIRED',
    'SERVICE_BUSY',
  )
  logInWithCode(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: CodeLoginDto,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.codes.logIn(tenant, input, client);
  }
}
