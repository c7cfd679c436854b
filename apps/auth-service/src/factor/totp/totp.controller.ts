import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AllowedBeforeEnrollment,
  Authenticated,
  CurrentUser,
  type Principal,
  RequireFreshAuth,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import { RECENT_PROOF } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import { AddedFactorResponse } from '../factor.response.js';
import { ConfirmTotpDto, StartTotpDto } from './totp.dto.js';
import { StartedTotpResponse } from './totp.response.js';
import { TotpService } from './totp.service.js';

@ApiTags('factors')
@Controller('auth/factors/totp')
export class TotpController {
  constructor(private readonly totp: TotpService) {}

  @Post()
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @AllowedBeforeEnrollment()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @RateLimited('secrets')
  @ApiOperation({
    summary: 'Add an authenticator app',
    description:
      'Show the QR code, and confirm the app by its first code within ten minutes. Until then it is no factor.',
  })
  @DataResponse(201, StartedTotpResponse)
  @ApiErrors('FACTOR_LIMIT_EXCEEDED')
  addTotp(
    @CurrentUser() principal: Principal,
    @Body() { name }: StartTotpDto,
  ): Promise<StartedTotpResponse> {
    return this.totp.start(principal, name);
  }

  @Post(':id/confirm')
  @HttpCode(200)
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @AllowedBeforeEnrollment()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @RateLimited('secrets')
  @ApiOperation({
    summary: 'Activate an authenticator app',
    description: 'With your first factor, returns the recovery codes.',
  })
  @DataResponse(200, AddedFactorResponse)
  @ApiErrors('NOT_FOUND')
  activateTotp(
    @CurrentUser() principal: Principal,
    @Param('id', UuidParamPipe) id: string,
    @Body() { code }: ConfirmTotpDto,
  ): Promise<AddedFactorResponse> {
    return this.totp.confirm(principal, id, code);
  }
}
