import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentUser,
  Permissions,
  type Principal,
  WritesWhenReadOnly,
  RequireFreshAuth,
} from '@poc-tracker/auth-kit';
import { RECENT_PROOF } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { FactorPageResponse } from '../factor/factor.response.js';
import { RevokedSessionsResponse } from '../session/session.response.js';
import { UserFactorService } from './user-factor.service.js';

@ApiTags('users')
@Controller('auth/users/:userId/factors')
export class UserFactorController {
  constructor(private readonly factors: UserFactorService) {}

  @Get()
  @Permissions('manage_users')
  @ApiOperation({
    summary: "List a user's second factors",
    description: 'Kinds, names and dates. No one can read the secrets.',
  })
  @DataResponse(200, FactorPageResponse)
  @ApiErrors('NOT_FOUND')
  listUserFactors(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<FactorPageResponse> {
    return this.factors.list(principal, userId);
  }

  @Delete()
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @RequireFreshAuth(RECENT_PROOF)
  @ApiOperation({
    summary: "Reset a user's second factors",
    description:
      'For a user who has lost them. Removes all factors and recovery codes, revokes all sessions of the user, and tells the ' +
      'user by mail. You must have every permission of the user.',
  })
  @DataResponse(200, RevokedSessionsResponse)
  @ApiErrors('NOT_FOUND')
  resetUserFactors(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<RevokedSessionsResponse> {
    return this.factors.reset(principal, userId);
  }
}
