import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AllowedBeforeEnrollment,
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
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { AddedFactorResponse } from '../factor.response.js';
import { AddPasskeyDto, PasskeyRequestOptionsDto } from './passkey.dto.js';
import {
  PasskeyCreationOptionsResponse,
  PasskeyRequestOptionsResponse,
} from './passkey.response.js';
import { PasskeyService } from './passkey.service.js';
import { RequestHost } from './request-host.decorator.js';

@ApiTags('factors')
@Controller('auth')
export class PasskeyController {
  constructor(private readonly passkeys: PasskeyService) {}

  @Post('factors/passkeys/options')
  @HttpCode(200)
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @AllowedBeforeEnrollment()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Get the options to create a passkey',
    description:
      'For `navigator.credentials.create()`. The challenge is valid for five minutes, for you, and once. The passkey will ' +
      "belong to the host of the request if it is an address of the tenant, otherwise to the tenant's configured address.",
  })
  @DataResponse(200, PasskeyCreationOptionsResponse)
  getPasskeyCreationOptions(
    @CurrentUser() principal: Principal,
    @RequestHost() host: string,
  ): Promise<PasskeyCreationOptionsResponse> {
    return this.passkeys.creationOptions(principal, host);
  }

  @Post('factors/passkeys')
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @AllowedBeforeEnrollment()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @RateLimited('secrets')
  @ApiOperation({
    summary: 'Add a passkey',
    description: 'With your first factor, returns the recovery codes.',
  })
  @DataResponse(201, AddedFactorResponse)
  @ApiErrors('FACTOR_EXISTS', 'FACTOR_LIMIT_EXCEEDED')
  addPasskey(
    @CurrentUser() principal: Principal,
    @Body() input: AddPasskeyDto,
  ): Promise<AddedFactorResponse> {
    return this.passkeys.add(principal, input);
  }

  @Post('passkeys/options')
  @HttpCode(200)
  @Public()
  @RateLimited('publicWrites')
  @ApiOperation({
    summary: 'Get the options to use a passkey',
    description:
      'For `navigator.credentials.get()`, also with `mediation: "conditional"`. They name no user, so they are good for a ' +
      'log-in without an email address, for a second factor and for a step-up. The challenge is valid for five minutes, and once.',
  })
  @DataResponse(200, PasskeyRequestOptionsResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT')
  getPasskeyRequestOptions(
    @ResolvedTenant() tenant: TenantSnapshot,
    @RequestHost() host: string,
    @Body() { rpId }: PasskeyRequestOptionsDto,
  ): Promise<PasskeyRequestOptionsResponse> {
    return this.passkeys.requestOptions(tenant, host, rpId);
  }
}
