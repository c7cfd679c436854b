import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AllowedBeforeEnrollment,
  Authenticated,
  CurrentUser,
  type Principal,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { RequestClient } from '@poc-tracker/tenancy';
import { FromAllowedCountries } from '../../protection/country/country.guard.js';
import { CurrentClient } from '../../session/current-client.decorator.js';
import { TokensResponse } from '../../session/session.response.js';
import { StepUpDto } from './step-up.dto.js';
import { StepUpService } from './step-up.service.js';

@ApiTags('auth')
@Controller('auth/step-up')
export class StepUpController {
  constructor(private readonly stepUps: StepUpService) {}

  @Post()
  @HttpCode(200)
  @Authenticated()
  @AllowedBeforeEnrollment()
  @RateLimited('secrets')
  @FromAllowedCountries('session.stepped_up')
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Prove your identity again',
    description:
      'For operations that return STEP_UP_REQUIRED. Send one proof: your second factor or a recovery code, or your password if you ' +
      'have no second factor. Returns new tokens of the same session; use them from now on, as after a refresh. Wrong proofs ' +
      'count for the lock of the account.',
  })
  @DataResponse(200, TokensResponse)
  @ApiErrors('LOCATION_NOT_ALLOWED', 'INVALID_CREDENTIALS', 'STEP_UP_REQUIRED', 'SERVICE_BUSY')
  verifyIdentity(
    @CurrentUser() principal: Principal,
    @Body() input: StepUpDto,
    @CurrentClient() client: RequestClient,
  ): Promise<TokensResponse> {
    return this.stepUps.stepUp(principal, input, client);
  }
}
