import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { RequestClient } from '@poc-tracker/tenancy';
import { FromAllowedCountries } from '../../../protection/country/country.guard.js';
import { CurrentClient } from '../../../session/current-client.decorator.js';
import { KeepsSessionStatusCache } from '../../../session/own-changes.js';
import { UserTokensResponse } from '../../../session/session.response.js';
import { ResolvedTenant } from '../../../tenant/resolution/resolved-tenant.decorator.js';
import { SetsDeviceCookie } from '../device-cookie.interceptor.js';
import { AcceptedResponse } from '../../one-time-tokens/account.response.js';
import { EmailCodeService } from './email-code.service.js';
import { ChallengeDto, FactorLoginDto, PasskeyLoginDto } from './factor-login.dto.js';
import { FactorLoginService } from './factor-login.service.js';

@ApiTags('auth')
@Controller('auth/login')
export class FactorLoginController {
  constructor(
    private readonly logins: FactorLoginService,
    private readonly emailCodes: EmailCodeService,
  ) {}

  @Post('factor')
  @HttpCode(200)
  @Public()
  @RateLimited('login')
  @FromAllowedCountries('login.failed')
  @KeepsSessionStatusCache()
  @SetsDeviceCookie()
  @ApiOperation({
    summary: 'Log in with a second factor',
    description:
      'For a log-in that returned SECOND_FACTOR_REQUIRED, from the same client. A challenge is valid for five minutes, for five ' +
      'tries and for one session, and ends with a change of the password or of the factors. Wrong codes count for the lock of ' +
      'the account like wrong passwords.',
  })
  @DataResponse(200, UserTokensResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'INVALID_CHALLENGE',
    'INVALID_CREDENTIALS',
    'SUSPICIOUS_LOGIN',
    'SERVICE_BUSY',
  )
  verifyLoginFactor(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: FactorLoginDto,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.logins.logIn(tenant, input, client);
  }

  @Post('factor/email')
  @HttpCode(202)
  @Public()
  @RateLimited('mails')
  @ApiOperation({
    summary: 'Send a code for the second step of a log-in',
    description:
      'For a log-in that returned SECOND_FACTOR_REQUIRED with the method `emailCode`, from the same client. Sends at most one mail a ' +
      'minute to the address of the user. The code has six digits, can be used once within 10 minutes, and is invalid after 5 ' +
      'wrong tries.',
  })
  @DataResponse(202, AcceptedResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'INVALID_CHALLENGE', 'SERVICE_BUSY')
  sendFactorCode(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { challengeToken }: ChallengeDto,
    @CurrentClient() client: RequestClient,
  ): Promise<AcceptedResponse> {
    return this.emailCodes.send(tenant, challengeToken, client);
  }

  @Post('passkey')
  @HttpCode(200)
  @Public()
  @RateLimited('login')
  @FromAllowedCountries('login.failed')
  @KeepsSessionStatusCache()
  @SetsDeviceCookie()
  @ApiOperation({
    summary: 'Log in with a passkey',
    description:
      'Needs neither an email address nor a password. The authenticator must have verified its user, by a PIN or a fingerprint, so ' +
      'a passkey counts as two factors.',
  })
  @DataResponse(200, UserTokensResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'INVALID_CREDENTIALS',
    'PASSWORD_CHANGE_REQUIRED',
    'SUSPICIOUS_LOGIN',
    'SERVICE_BUSY',
  )
  verifyLoginPasskey(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: PasskeyLoginDto,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.logins.logInByPasskey(tenant, input, client);
  }
}
