import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import { FromAllowedCountries } from '../../protection/country/country.guard.js';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { AcceptedResponse, AccountAddressResponse } from '../one-time-tokens/account.response.js';
import { ForgotPasswordDto, ResetPasswordDto } from './password-reset.dto.js';
import { PasswordResetService } from './password-reset.service.js';

@ApiTags('auth')
@Controller('auth/password')
export class PasswordResetController {
  constructor(private readonly resets: PasswordResetService) {}

  @Post('forgot')
  @HttpCode(202)
  @Public()
  @RateLimited('mails')
  @ApiOperation({
    summary: 'Send a link to reset a forgotten password',
    description:
      'The answer is the same for every address. An active user gets a mail with a link that can be used once within 30 ' +
      'minutes. A later link invalidates the earlier ones.',
  })
  @DataResponse(202, AcceptedResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'SERVICE_BUSY')
  sendPasswordReset(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { email }: ForgotPasswordDto,
  ): Promise<AcceptedResponse> {
    return this.resets.request(tenant, email);
  }

  @Post('reset')
  @HttpCode(200)
  @Public()
  @RateLimited('activation')
  @FromAllowedCountries('password.changed')
  @ApiOperation({
    summary: 'Reset your password with the token of a link',
    description:
      'Revokes all your sessions, lifts a lock of the account, and verifies the address. Does not log you in. A password that ' +
      'is refused does not use up the link.',
  })
  @DataResponse(200, AccountAddressResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'INVALID_LINK',
    'SERVICE_BUSY',
  )
  resetPassword(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: ResetPasswordDto,
  ): Promise<AccountAddressResponse> {
    return this.resets.reset(tenant, input);
  }
}
