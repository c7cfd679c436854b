import { Body, Controller, Post } from '@nestjs/common';
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
import { PendingRegistrationResponse } from './confirmation/confirmation.dto.js';
import { AcceptsPending } from './confirmation/pending-status.interceptor.js';
import { RegisterDto } from './registration.dto.js';
import { RegistrationService } from './registration.service.js';

@ApiTags('auth')
@Controller('auth/register')
export class RegistrationController {
  constructor(private readonly registrations: RegistrationService) {}

  @Post()
  @Public()
  @RateLimited('register')
  @FromAllowedCountries('user.registered')
  @SetsDeviceCookie()
  @AcceptsPending()
  @ApiOperation({
    summary: 'Register as a user of a tenant',
    description:
      'Uses up the invitation if a token is sent. Returns the tokens of a first session. If the tenant confirms addresses, answers ' +
      '202 for every address: the link in a mail and POST /auth/register/confirm complete the registration within 7 days.',
  })
  @DataResponse(201, UserTokensResponse)
  @DataResponse(202, PendingRegistrationResponse)
  @ApiErrors(
    'TENANT_REQUIRED',
    'INVALID_TENANT',
    'LOCATION_NOT_ALLOWED',
    'REGISTRATION_REFUSED',
    'SUBSCRIPTION_ENDED',
    'INVALID_INVITE',
    'USER_EXISTS',
    'USER_LIMIT_EXCEEDED',
    'SERVICE_BUSY',
  )
  registerUser(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: RegisterDto,
    @CurrentClient() client: RequestClient,
  ): Promise<UserTokensResponse | PendingRegistrationResponse> {
    return this.registrations.register(tenant, input, client);
  }
}
