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
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { AcceptedResponse, AccountAddressResponse } from '../one-time-tokens/account.response.js';
import { ChangeEmailDto, EmailTokenDto } from './email.dto.js';
import { EmailChangeService } from './email-change.service.js';
import { EmailVerification } from './email-verification.service.js';

@ApiTags('auth')
@Controller('auth/email')
export class EmailController {
  constructor(
    private readonly verification: EmailVerification,
    private readonly changes: EmailChangeService,
  ) {}

  @Post('send-verification')
  @HttpCode(202)
  @Authenticated()
  @RateLimited('secrets')
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Send a link that verifies your address',
    description: 'The link can be used once within 24 hours. Sends nothing if it is verified.',
  })
  @DataResponse(202, AcceptedResponse)
  sendEmailVerification(@CurrentUser() principal: Principal): Promise<AcceptedResponse> {
    return this.verification.send(principal);
  }

  @Post('verify')
  @HttpCode(200)
  @Public()
  @RateLimited('activation')
  @ApiOperation({ summary: 'Verify your address with the token of a link' })
  @DataResponse(200, AccountAddressResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'INVALID_LINK')
  verifyEmail(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { token }: EmailTokenDto,
  ): Promise<AccountAddressResponse> {
    return this.verification.verify(tenant, token);
  }

  @Put()
  @HttpCode(202)
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @RateLimited('secrets')
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Change your email address',
    description:
      'Sends a link to the new address. Nothing changes until it is used, within 24 hours. The answer is the same for an address ' +
      'that another user has.',
  })
  @DataResponse(202, AcceptedResponse)
  changeEmail(
    @CurrentUser() principal: Principal,
    @Body() input: ChangeEmailDto,
  ): Promise<AcceptedResponse> {
    return this.changes.request(principal, input);
  }

  @Post('confirm')
  @HttpCode(200)
  @Public()
  @RateLimited('activation')
  @ApiOperation({
    summary: 'Confirm a new email address with the token of a link',
    description:
      'The former address gets a mail with a link that undoes the change within 72 hours.',
  })
  @DataResponse(200, AccountAddressResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'INVALID_LINK')
  confirmEmail(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { token }: EmailTokenDto,
  ): Promise<AccountAddressResponse> {
    return this.changes.confirm(tenant, token);
  }

  @Post('undo')
  @HttpCode(200)
  @Public()
  @RateLimited('activation')
  @ApiOperation({
    summary: 'Restore your former email address with the token of a link',
    description:
      'For a change that was not yours. Revokes all your sessions and requires a new password: the former address gets a link to ' +
      'reset it.',
  })
  @DataResponse(200, AccountAddressResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'INVALID_LINK')
  restoreEmail(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { token }: EmailTokenDto,
  ): Promise<AccountAddressResponse> {
    return this.changes.undo(tenant, token);
  }
}
