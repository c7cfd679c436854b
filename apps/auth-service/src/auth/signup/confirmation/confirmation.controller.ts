import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { RequestClient } from '@poc-tracker/tenancy';
import { FromAllowedCountries } from '../../../protection/country/country.guard.js';
import { CurrentClient } from '../../../session/current-client.decorator.js';
import { UserTokensResponse } from '../../../session/session.response.js';
import { ResolvedTenant } from '../../../tenant/resolution/resolved-tenant.decorator.js';
import { SetsDeviceCookie } from '../../login/device-cookie.interceptor.js';
import { ConfirmRegistrationDto } from './confirmation.dto.js';
import { ConfirmationService } from './confirmation.service.js';

@ApiTags('auth')
@Controller('auth/register/confirm')
export class ConfirmationController {
  constructor(private readonly confirmations: ConfirmationService) {}

  @Post()
  @Public()
  @RateLimited('activation')
  @FromAllowedCountries('user.registered')
  @SetsDeviceCookie()
  @ApiOperation({
    summary: 'Confirm your registration with the token of a link',
    description:
      'The password is that of the registration: a stranger who has registered your address must not get an account by your ' +
      'confirmation. Creates the user, who takes a seat now, and returns the tokens of a first session.',
  })
  @DataResponse(201, UserTokensResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'INVALID_LINK',
    'INVALID_CREDENTIALS',
    'REGISTRATION_REFUSED',
    'SUBSCRIPTION_ENDED',
    'INVALID_INVITE',
    'USER_LIMIT_EXCEEDED',
    'SERVICE_BUSY',
  )
  confirmRegistration(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: ConfirmRegistrationDto,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.confirmations.confirm(tenant, input, client);
  }
}
